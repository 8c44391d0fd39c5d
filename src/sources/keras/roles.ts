import type { FlatLayer } from './flatten.js'
import { hasGivenStatistics } from './normalization.js'

/** The weights that Keras keeps for a layer, in its order. */
export function rolesOf ({ className, config }: FlatLayer): string[] {
  const bias = config.use_bias === false ? [] : ['bias']
  switch (className) {
    case 'Conv2D': case 'Dense': return ['kernel', ...bias]
    case 'DepthwiseConv2D': return ['depthwise_kernel', ...bias]
    case 'SeparableConv2D': return ['depthwise_kernel', 'pointwise_kernel', ...bias]
    case 'BatchNormalization':
      return [...config.scale === false ? [] : ['gamma'], ...config.center === false ? [] : ['beta'], 'moving_mean', 'moving_variance']
    case 'LayerNormalization': return [...config.scale === false ? [] : ['gamma'], ...config.center === false ? [] : ['beta']]
    case 'PReLU': return ['alpha']
    case 'Normalization': return hasGivenStatistics(config) ? [] : ['mean', 'variance', 'count']
    default: return []
  }
}
