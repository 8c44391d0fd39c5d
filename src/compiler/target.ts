import type { Quantization } from '../model/quantization.js'
import type { Precision } from './precision.js'

interface Means {
  /** With a quantization, of all but the products that are of int8. */
  readonly precision: Precision
  /** Whether it may use the ops of this project's addon, which only a process that loaded it can run. */
  readonly ownKernels: boolean
}

/** What a model's graph is to be compiled for, whatever the model. */
export interface ModelTarget extends Means {
  /** Whether products are of int8 by the model's quantization. */
  readonly quantized?: boolean
}

/** What a graph is compiled for. */
export interface Target extends Means {
  /** Which of the folded network's layers own kernels multiply in int8, and how; it means nothing without them. */
  readonly quantization?: Quantization | undefined
}
