import type { Products } from '../../src/engine/kernels.js'

/** Who computes in a process of Node's; `matrix-products` is no network but the most that a network could reach. Only `ours` takes int8. */
export interface NodeContestant {
  readonly engine: 'ours' | 'tfjs-node' | 'onnxruntime-node' | 'matrix-products'
  readonly precision: Products
}

/** Who computes in Python, where Python has it. */
export interface PythonContestant {
  readonly engine: 'openvino' | 'onnxruntime'
  readonly precision: Products
}

/** One engine in one precision. */
export type Contestant = NodeContestant | PythonContestant

/** As tables, charts and messages have it. */
export function nameOf ({ engine, precision }: Contestant): string {
  return `${engine} ${precision}`
}

export function isPythons (one: Contestant): one is PythonContestant {
  return one.engine === 'openvino' || one.engine === 'onnxruntime'
}

/** What one process of Node's measures. */
export interface EngineOptions extends NodeContestant {
  readonly threads: number
  /** Folder of a model package; random weights where it is undefined. */
  readonly model: string | undefined
}

/** What so many runs of one batch give. */
export interface Runs {
  /** One entry a run. */
  readonly milliseconds: readonly number[]
  /** The last run's output, [batch, classes]. */
  readonly probabilities: Float32Array
}

/** An engine in its own process, warm once it has run. It computes only while `run` is awaited. */
export interface TimedEngine {
  readonly version: string
  run (batchSize: number, repeats: number): Promise<Runs>
  stop (): Promise<void>
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
