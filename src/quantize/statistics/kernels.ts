import { weightOf } from '../../compiler/weight-of.js'
import type { Layer } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import { sizeOf, type Tensor, type Weights } from '../../model/weights.js'
import type { Moments } from './normal.js'

/** Correlation of a channel's values at neighbouring positions, about. */
const NEIGHBOURS_CORRELATION = 0.5

/** What a convolution or dense layer gives of such inputs. */
export function throughLayer (layer: Layer, input: Moments, weights: Weights): Moments {
  const { operation, outputShape } = layer
  const weight = (role: string): Tensor => weightOf(layer, role, weights)
  const filters = channelsOf(outputShape)
  const product = ((): Moments => {
    switch (operation.kind) {
      case 'depthwiseConvolution': return throughDepthwise(weight('depthwise_kernel'), input)
      case 'separableConvolution':
        return throughKernel(weight('pointwise_kernel'), throughDepthwise(weight('depthwise_kernel'), input), { filters, groups: 1 })
      case 'convolution': return throughKernel(weight('kernel'), input, { filters, groups: operation.groups })
      default: return throughKernel(weight('kernel'), input, { filters, groups: 1 })
    }
  })()
  if (!('bias' in operation && operation.bias)) return product
  const { data } = weight('bias')
  return { ...product, mean: product.mean.map((mean, filter) => mean + (data[filter] ?? 0)) }
}

/** What a depthwise kernel [height, width, channels, 1] gives. */
export function throughDepthwise (kernel: Tensor, input: Moments): Moments {
  const channels = kernel.shape[2] ?? 0
  return throughKernel(kernel, input, { filters: channels, groups: channels })
}

/** A kernel [positions..., inputs of a group, filters]; channels are independent of each other, positions are not. */
function throughKernel (
  { shape, data }: Tensor, { mean, variance }: Moments, { filters, groups }: { readonly filters: number, readonly groups: number }
): Moments {
  const result = { mean: new Float64Array(filters), variance: new Float64Array(filters) }
  const inputs = groups === filters && shape[3] === 1 ? 1 : shape.at(-2) ?? 1
  const positions = sizeOf(shape) / inputs / filters
  for (let filter = 0; filter < filters; filter++) {
    for (let index = 0; index < inputs; index++) {
      const channel = Math.floor(filter / (filters / groups)) * inputs + index
      let [sum, squares] = [0, 0]
      for (let position = 0; position < positions; position++) {
        const weight = data[(position * inputs + index) * filters + filter] as number
        sum += weight
        squares += weight ** 2
      }
      const correlated = NEIGHBOURS_CORRELATION * sum ** 2 + (1 - NEIGHBOURS_CORRELATION) * squares
      result.mean[filter] = (result.mean[filter] as number) + sum * (mean[channel] ?? 0)
      result.variance[filter] = (result.variance[filter] as number) + correlated * (variance[channel] ?? 0)
    }
  }
  return result
}
