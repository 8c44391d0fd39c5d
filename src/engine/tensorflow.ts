import { createRequire } from 'node:module'
import util from 'node:util'
import type * as TensorFlow from '@tensorflow/tfjs-node'

/* TensorFlow, for the processes that own it: who imports this file loads it. */

// Node 23 removed a function that tfjs-node 4.22 still calls.
if (!('isNullOrUndefined' in util)) {
  Object.defineProperty(util, 'isNullOrUndefined', { value: (value: unknown) => value === null || value === undefined })
}

export const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node') as typeof TensorFlow
export type { TensorFlow }
