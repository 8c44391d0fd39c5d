import type { LayerQuantization, Quantization } from '../model/quantization.js'
import { WeightsError, type Tensor, type Weights } from '../model/weights.js'
import { readSafetensors } from './files/safetensors.js'

/** A layer's tensors, which are called `<layer>/<role>`. */
const ROLES = { low: 'low', high: 'high', biasCorrection: 'bias_correction' } as const satisfies Record<keyof LayerQuantization, string>

/** The tensors of a quantization, for a file that `readQuantization` reads. */
export function quantizationTensors (quantization: Quantization): Weights {
  const tensors = new Map<string, Tensor>()
  for (const [layer, quantized] of quantization) {
    for (const [key, role] of Object.entries(ROLES) as Array<[keyof LayerQuantization, string]>) {
      tensors.set(`${layer}/${role}`, { shape: [quantized[key].length], data: quantized[key] })
    }
  }
  return tensors
}

/** Reads a quantization from a safetensors file. Throws a WeightsError if a layer lacks a tensor, or has one too many. */
export async function readQuantization (path: string): Promise<Quantization> {
  const tensors = await readSafetensors(path)
  const layers = new Set(Array.from(tensors.keys(), (name) => name.slice(0, name.lastIndexOf('/'))))
  const read = (layer: string, key: keyof LayerQuantization): Float32Array => {
    const tensor = tensors.get(`${layer}/${ROLES[key]}`)
    if (tensor === undefined) throw new WeightsError(`${path} has no ${layer}/${ROLES[key]}`)
    return tensor.data
  }
  const quantization = new Map(Array.from(layers, (layer) => [layer, {
    low: read(layer, 'low'), high: read(layer, 'high'), biasCorrection: read(layer, 'biasCorrection')
  }]))
  const known = quantization.size * Object.keys(ROLES).length
  if (tensors.size !== known) throw new WeightsError(`${path} has ${tensors.size} tensors, and its ${layers.size} layers have ${known}`)
  return quantization
}
