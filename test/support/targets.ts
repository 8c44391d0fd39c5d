import type { Precision, Target } from '../../src/compiler/index.js'
import { chooseKernels, targetOf } from '../../src/engine/kernels.js'

/** What a graph of a precision can be compiled for and run on this machine: TensorFlow's ops, and this project's where there are any. */
export function targets (precision: Precision): readonly Target[] {
  const own = targetOf(precision, chooseKernels(precision, 'cpu'))
  return own.ownKernels ? [{ precision, ownKernels: false }, own] : [own]
}
