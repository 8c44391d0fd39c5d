import type { Quantization } from '../model/quantization.js'
import type { Precision } from './precision.js'

/** What a graph is compiled for. */
export interface Target {
  readonly precision: Precision
  /** Whether it may use the ops of this project's addon, which only a process that loaded it can run. */
  readonly ownKernels: boolean
  /** Of the folded network's layers. Own kernels multiply in int8 where it says so; it means nothing without them. */
  readonly quantization?: Quantization | undefined
}
