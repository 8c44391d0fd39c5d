import { fold } from '../../src/compiler/fold/fold.js'
import type { Layer, OperationOf } from '../../src/model/network.js'
import type { LayerQuantization, Quantization } from '../../src/model/quantization.js'
import { quantizePointwise } from '../../src/model/quantized-pointwise.js'
import type { Tensor, Weights } from '../../src/model/weights.js'
import { referenceInput, referenceLayer, referenceValues, type FeatureMap } from './reference-network.js'

type Folded = ReturnType<typeof fold>

/** The ranges that the depthwise outputs have for images of raw bytes. `correctionOf` gives what is added to a layer's bias. */
export function quantizationFrom (
  { network, weights }: Folded, images: readonly Uint8Array[], correctionOf: (layer: Layer) => Float32Array
): Quantization {
  const values = images.map((image) => referenceValues(network, weights, image))
  return new Map(network.layers.filter(isSeparable).map((layer) => {
    const maps = values.map((of) => depthwiseOutput(layer, of.get(layer.inputs[0] ?? '') as FeatureMap, weights))
    const channels = maps[0]?.channels ?? 0
    const ends = (end: (...numbers: number[]) => number, start: number): Float32Array => {
      const found = new Float32Array(channels).fill(start)
      for (const { data } of maps) {
        data.forEach((value, index) => { found[index % channels] = end(found[index % channels] ?? start, value) })
      }
      return found
    }
    return [layer.name, { low: ends(Math.min, Infinity), high: ends(Math.max, -Infinity), biasCorrection: correctionOf(layer) }]
  }))
}

/** Probabilities for one image of raw bytes, in float64 with the quantization's own arithmetic in the layers that it has. */
export function quantizedReference ({ network, weights }: Folded, quantization: Quantization, image: Uint8Array): readonly number[] {
  const values = new Map<string, FeatureMap>()
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((name) => values.get(name) as FeatureMap)
    values.set(layer.name, layerValue({ network, weights }, layer, inputs, { quantization, image }))
  }
  return [...values.get(network.layers.at(-1)?.name ?? '')?.data ?? []]
}

function layerValue (
  { network, weights }: Folded, layer: Layer, inputs: readonly FeatureMap[],
  { quantization, image }: { readonly quantization: Quantization, readonly image: Uint8Array }
): FeatureMap {
  if (layer.operation.kind === 'input') return referenceInput(network, image)
  const ofLayer = quantization.get(layer.name)
  if (ofLayer === undefined) return referenceLayer(layer, inputs, weights)
  return quantizedProduct(layer, depthwiseOutput(layer, inputs[0] as FeatureMap, weights), ofLayer, weights)
}

/** From the definition: a level stands for low + level * (high - low) / 255, a weight for its integer. */
function quantizedProduct (layer: Layer, map: FeatureMap, quantization: LayerQuantization, weights: Weights): FeatureMap {
  const kernel = weightOf(layer, 'pointwise_kernel', weights)
  const { integers, filterScales, channelSteps } = quantizePointwise(kernel, quantization)
  const { low, high, biasCorrection } = quantization
  const { channels } = map
  const filters = filterScales.length
  const bias = weights.get(`${layer.name}/bias`)?.data
  const data = new Float64Array(map.height * map.width * filters)
  for (let index = 0; index < data.length; index++) {
    const [position, filter] = [Math.floor(index / filters), index % filters]
    let sum = (bias?.[filter] ?? 0) + (biasCorrection[filter] ?? 0)
    for (let channel = 0; channel < channels; channel++) {
      const [from = 0, to = 0, step = 0] = [low[channel], high[channel], channelSteps[channel]]
      const weight = kernel.data[channel * filters + filter] ?? 0
      sum += weight * (from + to) / 2
      if (step === 0) continue
      const level = Math.min(255, Math.max(0, Math.round(((map.data[position * channels + channel] ?? NaN) - from) / step)))
      sum += (filterScales[filter] ?? 0) * (integers[channel * filters + filter] ?? 0) * (level - 127.5)
    }
    data[index] = sum
  }
  return { ...map, channels: filters, data }
}

function depthwiseOutput (layer: Layer, input: FeatureMap, weights: Weights): FeatureMap {
  const { kernel, strides, dilation, padding } = layer.operation as OperationOf<'separableConvolution'>
  const operation: OperationOf<'depthwiseConvolution'> = { kind: 'depthwiseConvolution', kernel, strides, dilation, padding, bias: false }
  return referenceLayer({ ...layer, operation }, [input], weights)
}

function weightOf ({ name }: Layer, role: string, weights: Weights): Tensor {
  return weights.get(`${name}/${role}`) as Tensor
}

function isSeparable ({ operation }: Layer): boolean {
  return operation.kind === 'separableConvolution'
}
