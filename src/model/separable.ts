import { countsOf } from './counts.js'
import type { Layer, Network, OperationOf } from './network.js'
import { channelsOf, derive } from './shapes.js'

/** What a separable layer costs, as a share of the standard convolution of the same window and as many filters (multiply-adds). */
export interface SeparableCost {
  /** Name of the layer that gives the result. */
  readonly layer: string
  readonly kernel: readonly [height: number, width: number]
  readonly filters: number
  /** 1/N + 1/Dk², for N filters and a kernel of side Dk. */
  readonly predicted: number
  /** From the counts of both. */
  readonly counted: number
}

type Depthwise = Layer & { readonly operation: OperationOf<'depthwiseConvolution'> | OperationOf<'separableConvolution'> }

/**
 * Cost of every separable layer: a separable convolution, or a depthwise one that a 1x1 convolution follows, with nothing but
 * batch normalization and activations between the two.
 */
export function separableCosts (network: Network): SeparableCost[] {
  const shapes = new Map(network.layers.map(({ name, outputShape }) => [name, outputShape]))
  return network.layers.filter(isDepthwise).flatMap((layer) => {
    const pointwise = layer.operation.kind === 'separableConvolution' ? layer : pointwiseAfter(layer, network)
    const read = shapes.get(layer.inputs[0] ?? '')
    return pointwise === undefined || read === undefined ? [] : [costOf(layer, pointwise, read)]
  })
}

function isDepthwise (layer: Layer): layer is Depthwise {
  return layer.operation.kind === 'depthwiseConvolution' || layer.operation.kind === 'separableConvolution'
}

function pointwiseAfter (layer: Layer, { layers }: Network): Layer | undefined {
  let last = layer
  for (;;) {
    const readers = layers.filter(({ inputs }) => inputs.includes(last.name))
    const [reader] = readers
    if (reader === undefined || readers.length > 1) return undefined
    const { operation } = reader
    if (operation.kind === 'convolution') {
      const isPointwise = operation.groups === 1 && [...operation.kernel, ...operation.strides].every((side) => side === 1)
      return isPointwise ? reader : undefined
    }
    if (operation.kind !== 'batchNormalization' && operation.kind !== 'activation') return undefined
    last = reader
  }
}

function costOf (depthwise: Depthwise, pointwise: Layer, read: Layer['outputShape']): SeparableCost {
  const { kernel, strides, dilation, padding } = depthwise.operation
  const filters = channelsOf(pointwise.outputShape)
  const parts = new Set<Layer>([depthwise, pointwise])
  const own = [...parts].reduce((sum, layer) => sum + countsOf(layer).multiplyAdds, 0)
  return {
    layer: pointwise.name,
    kernel,
    filters,
    predicted: 1 / filters + 1 / (kernel[0] * kernel[1]),
    counted: own / standardMultiplyAdds({ kind: 'convolution', filters, groups: 1, bias: false, kernel, strides, dilation, padding }, read)
  }
}

function standardMultiplyAdds (operation: OperationOf<'convolution'>, read: Layer['outputShape']): number {
  const { outputShape, weights } = derive(operation, [read])
  return countsOf({
    name: 'standard', operation, inputs: [], outputShape, weights: weights.map(([role, shape]) => ({ role, name: role, shape }))
  }).multiplyAdds
}
