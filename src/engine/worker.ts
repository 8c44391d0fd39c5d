import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'
import util from 'node:util'
import type * as TensorFlow from '@tensorflow/tfjs-node'
import { SERVING_SIGNATURE, SERVING_TAG } from '../compiler/messages.js'
import { INPUTS, OUTPUTS, WANTABLE } from '../compiler/signature.js'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'

/*
 * The worker thread that owns TensorFlow: nothing else loads it. Every TensorFlow call blocks its thread.
 */

// Node 23 removed a function that tfjs-node 4.22 still calls.
if (!('isNullOrUndefined' in util)) {
  Object.defineProperty(util, 'isNullOrUndefined', { value: (value: unknown) => value === null || value === undefined })
}

const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs-node') as typeof TensorFlow
const { releaseFreeMemory } = require('@tensorflow/tfjs-node/lib/napi-v8/allocator.node') as { releaseFreeMemory: () => void }

let valuesShape: readonly number[] = []
let model: Awaited<ReturnType<typeof tf.node.loadSavedModel>> | undefined

/** Loads a SavedModel and runs each warm-up batch size once. */
export async function load ({ path, imageBytes, warmUpBatchSizes }: LoadRequest): Promise<LoadReply> {
  model = await tf.node.loadSavedModel(path, [SERVING_TAG], SERVING_SIGNATURE)
  const side = Math.sqrt(imageBytes / 3)
  valuesShape = Number.isInteger(side) ? [side, side, 3] : [Math.sqrt(imageBytes), Math.sqrt(imageBytes), 1]
  for (const size of warmUpBatchSizes) run({ images: Array.from({ length: size }, () => new Uint8Array(imageBytes)) })
  // What loading took and gave back is a third of the process's memory, and no run needs it.
  releaseFreeMemory()
  const backend = tf.backend() as unknown as { isUsingGpuDevice: boolean, binding: { TF_Version: string } }
  return { backend: backend.isUsingGpuDevice ? 'gpu' : 'cpu', tensorflowVersion: backend.binding.TF_Version }
}

/** Runs one batch of raw RGB images. */
export function run ({ images }: RunRequest): RunReply {
  if (model === undefined) throw new Error('no model is loaded')
  const started = performance.now()
  const feeds = {
    [INPUTS.images]: tf.tensor1d(images as unknown as string[], 'string'),
    [INPUTS.values]: tf.zeros([0, ...valuesShape]),
    [INPUTS.wanted]: tf.tensor1d(WANTABLE.map(() => false), 'bool'),
    [INPUTS.fromValues]: tf.scalar(false, 'bool')
  }
  const outputs = model.predict(feeds) as TensorFlow.NamedTensorMap
  const probabilities = outputs[OUTPUTS.probabilities]?.dataSync<'float32'>() as Float32Array<ArrayBuffer>
  tf.dispose([feeds, outputs])
  return { probabilities, inferenceMs: performance.now() - started }
}
