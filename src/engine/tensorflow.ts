import { createRequire } from 'node:module'
import util from 'node:util'
import type * as TensorFlow from '@tensorflow/tfjs-node'
import { tensorFlowAddonPath } from '../base/installed.js'

/* TensorFlow, for the processes that own it: who imports this file loads it. */

// Node 23 removed a function that tfjs-node 4.22 still calls.
if (!('isNullOrUndefined' in util)) {
  Object.defineProperty(util, 'isNullOrUndefined', { value: (value: unknown) => value === null || value === undefined })
}

/*
 * What the library's index does, with less: it loads all of TensorFlow.js, its layers, converters, other backends and a kernel for each
 * operation, four hundred files that take as long as TensorFlow itself. A SavedModel needs its tensors and its backend alone.
 */
const library = createRequire(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node'))

/** What is used of TensorFlow.js. */
type Core = Pick<typeof TensorFlow, (
  'backend' | 'dispose' | 'engine' | 'keep' | 'memory' | 'registerBackend' | 'scalar' | 'setBackend' | 'tensor' | 'tensor1d'
)>

export const tf = library('@tensorflow/tfjs-core') as Core
// For the files of the library, which ask for the whole.
library.cache[library.resolve('@tensorflow/tfjs')] = library.cache[library.resolve('@tensorflow/tfjs-core')]

export const { loadSavedModel } = library('./saved_model') as Pick<typeof TensorFlow.node, 'loadSavedModel'>

const { NodeJSKernelBackend } = library('./nodejs_kernel_backend') as {
  NodeJSKernelBackend: new (binding: unknown, name: string) => ReturnType<typeof tf.backend>
}
tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(library(tensorFlowAddonPath()), '@tensorflow/tfjs-node'))
if (!await tf.setBackend('tensorflow')) throw new Error('the backend of TensorFlow does not start')

export type { TensorFlow }
