import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { addon } from '../base/addon.js'
import { SERVING_SIGNATURE, SERVING_TAG } from '../compiler/messages.js'
import { INPUTS, OUTPUTS, WANTABLE } from '../compiler/signature.js'
import type { KernelsAddon, Products } from './choice/candidates.js'
import { kernelsAddon } from './kernels.js'
import type { EngineImages, LoadReply, LoadRequest, Outputs, OutputValues, RunReply, RunRequest } from './protocol.js'
import { loadSavedModel, tf, type TensorFlow } from './tensorflow.js'
import { PROBABILITIES_ONLY, outputNames, type Wanted } from './wanted.js'

/*
 * What the process that owns TensorFlow does: nothing else loads it. Every TensorFlow call blocks its thread.
 */

// By being loaded after TensorFlow it registers its op. It starts no threads before the op's first run.
const addonPath = kernelsAddon()
const kernelsOfItsOwn = addonPath === undefined ? undefined : createRequire(import.meta.url)(addonPath) as KernelsAddon

/** What tfjs-node knows of a loaded graph, with dimensions as the protocol buffer has them, whatever its types say. */
interface Signature {
  readonly inputs: Readonly<Record<string, { readonly shape: ReadonlyArray<{ getSize (): number }> }>>
  readonly outputs: Readonly<Record<string, unknown>>
}

interface LoadedGraph {
  readonly savedModel: Awaited<ReturnType<typeof loadSavedModel>>
  readonly signature: Signature
  /** Tensors that are the same in every run, by what they hold. */
  readonly constants: Map<string, TensorFlow.Tensor>
}

let graph: LoadedGraph | undefined

/** Loads a SavedModel, in the place of the one before, and runs each warm-up batch size once. */
export async function load ({ path, kernels = {}, imageBytes, warmUpBatchSizes }: LoadRequest): Promise<LoadReply> {
  unload()
  for (const [products, name] of Object.entries(kernels)) kernelsOfItsOwn?.use(products as Products, name)
  // What loading the library left, so that it does not add to what the model takes for a moment.
  addon().releaseFreeMemory()
  const savedModel = await loadSavedModel(path, [SERVING_TAG], SERVING_SIGNATURE)
  const { signature } = savedModel as unknown as { signature: Signature }
  graph = { savedModel, signature, constants: new Map() }
  for (const size of warmUpBatchSizes) {
    run({ images: Array.from({ length: size }, () => new Uint8Array(imageBytes)), wanted: PROBABILITIES_ONLY })
    await nextTurn()
  }
  // What loading took and gave back, or will not use again, is half of the process's memory, and no run needs it.
  addon().releaseFreeMemory()
  const backend = tf.backend() as unknown as { isUsingGpuDevice: boolean, binding: { TF_Version: string } }
  return {
    backend: backend.isUsingGpuDevice ? 'gpu' : 'cpu',
    tensorflowVersion: backend.binding.TF_Version,
    outputs: WANTABLE.filter((name) => name in signature.outputs)
  }
}

function unload (): void {
  if (graph === undefined) return
  graph.savedModel.dispose()
  tf.dispose([...graph.constants.values()])
  graph = undefined
}

/** Runs one batch of images of one kind. What is not wanted is not computed. */
export function run ({ images, wanted }: RunRequest, onComputed = (): void => {}): RunReply {
  if (graph === undefined) throw new Error('no model is loaded')
  const { savedModel, signature } = graph
  const feed = feedOf(graph, images, wanted)
  const started = performance.now()
  tf.engine().startScope()
  try {
    const fed = Object.fromEntries(Object.keys(signature.inputs).map((name) => [name, feed(name)]))
    const found = savedModel.predict(fed) as TensorFlow.NamedTensorMap
    onComputed()
    const { values: probabilities } = valuesOf(found, OUTPUTS.probabilities)
    const outputs: Outputs = Object.fromEntries(outputNames(wanted).map((name) => [name, valuesOf(found, name)]))
    return { probabilities, outputs, inferenceMs: performance.now() - started }
  } finally {
    // Disposes of all that the run made, and of no constant, once the answer is on its way.
    setImmediate(() => { tf.engine().endScope() })
  }
}

/** Makes the tensor of each input by its name. */
function feedOf (loaded: LoadedGraph, images: EngineImages, { outputs = [], topMaps = 0 }: Wanted): (name: string) => TensorFlow.Tensor {
  const isValues = images[0] instanceof Float32Array
  return (name) => {
    switch (name) {
      case INPUTS.images: return isValues
        ? constant(loaded, 'no images', () => tf.tensor1d([], 'string'))
        : tf.tensor1d(images as unknown as string[], 'string')
      case INPUTS.values: return isValues
        ? valuesTensor(loaded, images as readonly Float32Array[])
        : constant(loaded, 'no values', () => tf.tensor([], [0, ...valuesShape(loaded)]))
      case INPUTS.wanted: return constant(loaded, `wanted ${outputs.join()}`, () => (
        tf.tensor1d(WANTABLE.map((output) => outputs.includes(output)), 'bool')
      ))
      case INPUTS.mapCount: return tf.scalar(topMaps, 'int32')
      case INPUTS.fromValues: return constant(loaded, `from values ${isValues}`, () => tf.scalar(isValues, 'bool'))
      default: throw new Error(`the graph has an input ${name}, and nothing feeds it`)
    }
  }
}

function constant ({ constants }: LoadedGraph, key: string, make: () => TensorFlow.Tensor): TensorFlow.Tensor {
  const known = constants.get(key)
  if (known !== undefined) return known
  const made = tf.keep(make())
  constants.set(key, made)
  return made
}

function valuesTensor (loaded: LoadedGraph, images: readonly Float32Array[]): TensorFlow.Tensor {
  const shape = valuesShape(loaded)
  const length = shape.reduce((product, size) => product * size, 1)
  const all = new Float32Array(images.length * length)
  images.forEach((image, index) => { all.set(image, index * length) })
  return tf.tensor(all, [images.length, ...shape])
}

/** Side, side and channels. */
function valuesShape ({ signature }: LoadedGraph): number[] {
  return signature.inputs[INPUTS.values]?.shape.slice(1).map((dimension) => dimension.getSize()) ?? []
}

function valuesOf (found: TensorFlow.NamedTensorMap, name: string): OutputValues {
  const tensor = found[name]
  if (tensor === undefined) throw new Error(`the network has no output ${name}`)
  return { shape: tensor.shape.slice(1), values: tensor.dataSync<'float32'>() as Float32Array<ArrayBuffer> }
}
