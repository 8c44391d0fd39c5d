import type { Layer } from './network.js'
import { sizeOf } from './weights.js'

export interface Counts {
  readonly parameters: number
  /** For one image; additions alone, poolings and activations are not counted. */
  readonly multiplyAdds: number
}

/** What one layer costs. */
export function countsOf ({ weights, outputShape }: Layer): Counts {
  const parameters = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  // Every number of a kernel is used once at each position of the output; a vector has one position.
  const positions = outputShape.length === 3 ? outputShape[0] * outputShape[1] : 1
  const kernels = weights.filter(({ role }) => role.endsWith('kernel')).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return { parameters, multiplyAdds: positions * kernels }
}

/** What several layers cost together. */
export function totalCounts (layers: readonly Layer[]): Counts {
  return layers.map((layer) => countsOf(layer)).reduce((total, { parameters, multiplyAdds }) => ({
    parameters: total.parameters + parameters, multiplyAdds: total.multiplyAdds + multiplyAdds
  }), { parameters: 0, multiplyAdds: 0 })
}
