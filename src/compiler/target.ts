import type { Precision } from './precision.js'

/** What a graph is compiled for. */
export interface Target {
  readonly precision: Precision
  /** Whether it may use the ops of this project's addon, which only a process that loaded it can run. */
  readonly ownKernels: boolean
}
