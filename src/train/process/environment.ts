import { tensorFlowEnvironment } from '../../engine/backend.js'

/**
 * What TensorFlow is told for training. A step has branches that do not wait for each other, such as the gradients of a layer by its
 * kernel and by its input, many of them too small for all threads: so they run side by side. On one thread the order is always the same.
 */
export function trainingEnvironment (options: Parameters<typeof tensorFlowEnvironment>[0]): Record<string, string> {
  return { ...tensorFlowEnvironment(options), TF_NUM_INTEROP_THREADS: String(options.threads) }
}
