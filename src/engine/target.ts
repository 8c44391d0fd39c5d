import type { Precision, Target } from '../compiler/index.js'
import type { Backend } from './backend.js'
import { chooseKernels, targetOf } from './kernels.js'
import { choosePrecision } from './precision.js'

/** What a graph is compiled for under a setting on this machine. */
export function chooseTarget (setting: Precision | 'auto', backend: Backend): Target {
  const precision = choosePrecision(setting, backend)
  return targetOf(precision, chooseKernels(precision, backend))
}
