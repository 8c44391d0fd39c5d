import { savedModelOf } from '../compiler/compile.js'
import type { Folded } from '../compiler/fold/fold.js'
import type { SavedModel } from '../compiler/index.js'
import { lower } from '../compiler/lower/lower.js'
import { StepList } from '../compiler/steps.js'
import type { Layer } from '../model/network.js'
import type { LayerQuantization, Quantization } from '../model/quantization.js'
import { quantizePointwise, TOP_LEVEL } from '../model/quantized-pointwise.js'
import { channelsOf } from '../model/shapes.js'
import type { Tensor } from '../model/weights.js'
import { restoredPointwise } from './layer.js'
import { depthwiseStep, foldedWeight, separableLayers } from './separable-layers.js'

/**
 * A graph of TensorFlow's ops that gives, in float32, what kernels of int8 give for a folded network: for machines that have none.
 * Sums are rounded where those of integers are exact; nothing else differs.
 */
export function simulatedInt8 (folded: Folded, quantization: Quantization): SavedModel {
  const quantized = separableLayers(folded).flatMap((layer) => {
    const how = quantization.get(layer.name)
    return how === undefined ? [] : [{ layer, how, kernel: foldedWeight(folded, layer, 'pointwise_kernel') }]
  })
  const program = lower(quantized.reduce(withRestoredWeights, folded), { precision: 'float32', ownKernels: false })
  const levelled = new Map(quantized.map((one) => [depthwiseStep(one.layer, program.steps).name, one]))
  const steps = new StepList(program.steps.map((step) => levelled.has(step.name) ? { ...step, name: exact(step.name) } : step))
  for (const [name, { how, kernel }] of levelled) addLevels(name, how, quantizePointwise(kernel, how).channelSteps, steps)
  return savedModelOf({ ...program, steps: steps.steps })
}

interface QuantizedLayer {
  readonly layer: Layer
  readonly how: LayerQuantization
  readonly kernel: Tensor
}

/** The network with what its integers stand for as a layer's weights, and the corrected bias. */
function withRestoredWeights ({ network, weights }: Folded, { layer, how, kernel }: QuantizedLayer): Folded {
  const { name, operation, outputShape } = layer
  const bias = { role: 'bias', name: `${name}/bias`, shape: [channelsOf(outputShape)] }
  const restored = restoredPointwise(kernel, how)
  const own = weights.get(bias.name)?.data
  const corrected = Float32Array.from(beside(kernel, restored, how), (number, filter) => (
    number + (how.biasCorrection[filter] ?? 0) + (own?.[filter] ?? 0)
  ))
  const changed = {
    ...layer,
    operation: { ...operation, bias: true } as Layer['operation'],
    weights: [
      ...layer.weights.filter(({ role }) => role !== 'bias'), bias
    ]
  }
  return {
    network: { ...network, layers: network.layers.map((one) => one.name === name ? changed : one) },
    weights: new Map([
      ...weights, [`${name}/pointwise_kernel`, restored], [bias.name, { shape: bias.shape, data: corrected }]
    ])
  }
}

/** What the kernel makes of the middle of each range, less what its integers do: they multiply only what lies beside it. */
function beside (kernel: Tensor, restored: Tensor, { low, high, biasCorrection }: LayerQuantization): Float64Array {
  const filters = biasCorrection.length
  const sums = new Float64Array(filters)
  kernel.data.forEach((weight, index) => {
    const channel = Math.floor(index / filters)
    const middle = ((low[channel] ?? 0) + (high[channel] ?? 0)) / 2
    sums[index % filters] = (sums[index % filters] ?? 0) + middle * (weight - (restored.data[index] ?? 0))
  })
  return sums
}

/** Rounds each channel to the nearest of its 256 levels: the steps read what is called exact, and the last has the name. */
function addLevels (name: string, { low }: LayerQuantization, channelSteps: Float32Array, steps: StepList): void {
  const numbers = (what: string, values: Float32Array): string => steps.numbers(`${name}/${what}`, 'float32', [values.length], values)
  const scales = numbers('scale', channelSteps.map((step) => step === 0 ? 0 : 1 / step))
  const shifts = numbers('shift', low.map((value, channel) => channelSteps[channel] === 0 ? 0 : -value / (channelSteps[channel] ?? 1)))
  const scaled = steps.binary(`${name}/scaled`, 'Mul', exact(name), scales, 'float32')
  const shifted = steps.binary(`${name}/shifted`, 'AddV2', scaled, shifts, 'float32')
  const rounded = steps.unary(`${name}/rounded`, 'Round', shifted, 'float32')
  const raised = steps.withNumber(`${name}/raised`, 'Maximum', rounded, 0, 'float32')
  const level = steps.withNumber(`${name}/level`, 'Minimum', raised, TOP_LEVEL, 'float32')
  const height = steps.binary(`${name}/height`, 'Mul', level, numbers('step', channelSteps), 'float32')
  steps.binary(name, 'AddV2', height, numbers('low', low), 'float32')
}

function exact (name: string): string {
  return `${name}/exact`
}
