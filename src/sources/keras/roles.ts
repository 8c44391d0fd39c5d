import type { KerasOperation } from './operations.js'

/** The weights that Keras keeps for a layer, in its order. */
export function rolesOf (operation: KerasOperation): string[] {
  switch (operation.kind) {
    case 'convolution': return ['kernel']
    case 'separableConvolution': return ['depthwise_kernel', 'pointwise_kernel']
    case 'batchNormalization': return [...operation.scale ? ['gamma'] : [], ...operation.center ? ['beta'] : [], 'moving_mean', 'moving_variance']
    case 'dense': return ['kernel', ...operation.useBias ? ['bias'] : []]
    case 'normalization': return operation.statistics === undefined ? ['mean', 'variance', 'count'] : []
    default: return []
  }
}
