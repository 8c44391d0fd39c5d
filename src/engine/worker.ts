import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'
import util from 'node:util'
import type * as TensorFlow from '@tensorflow/tfjs-node'
import { SERVING_SIGNATURE, SERVING_TAG } from '../compiler/messages.js'
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

let model: Awaited<ReturnType<typeof tf.node.loadSavedModel>> | undefined

/** Loads a SavedModel and runs each warm-up batch size once. */
export async function load ({ path, imageBytes, warmUpBatchSizes }: LoadRequest): Promise<LoadReply> {
  model = await tf.node.loadSavedModel(path, [SERVING_TAG], SERVING_SIGNATURE)
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
  const input = tf.tensor1d(images as unknown as string[], 'string')
  const output = model.predict(input) as TensorFlow.Tensor
  const probabilities = output.dataSync<'float32'>() as Float32Array<ArrayBuffer>
  input.dispose()
  output.dispose()
  return { probabilities, inferenceMs: performance.now() - started }
}
