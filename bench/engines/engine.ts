import type { Precision } from '../../src/compiler/index.js'

/** Who computes; `matrix-products` is no network but the most that a network could reach. */
export type EngineName = 'ours' | 'tfjs-node' | 'onnxruntime-node' | 'matrix-products'

/** What one child process measures. */
export interface EngineOptions {
  readonly engine: EngineName
  readonly precision: Precision
  readonly threads: number
  /** Folder of a model package; random weights where it is undefined. */
  readonly model: string | undefined
}

/** One way to run the network in this process. */
export interface BenchEngine {
  readonly version: string
  /**
   * Makes a batch ready outside of the measured time, in the form that suits the engine best. The function that is
   * returned is what is timed: it resolves with probabilities, [batch, classes], and can be called once.
   */
  prepare (images: ReadonlyArray<Uint8Array<ArrayBuffer>>): () => Promise<Float32Array>
  close (): Promise<void>
}
