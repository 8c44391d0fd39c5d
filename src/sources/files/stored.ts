import type { GraphOp, GraphTensor } from './saved-model/graph.js'

/** One weight as a file keeps it. The values are read when asked for, so that a large file is never in memory twice. */
export interface StoredWeight {
  /** Name in the file: Keras 2 `block1_conv1/kernel:0`, Keras 3 `vars/0` ... */
  readonly name: string
  readonly shape: readonly number[]
  /** float32 values, row-major; owned by the caller. */
  read (): Promise<Float32Array>
}
/** What a SavedModel computes for whoever serves it. */
export interface ServedGraph {
  /** What is fed. */
  readonly input: GraphOp
  /** [batch, height, width, channels] with null for any; undefined where nothing is said of them. */
  readonly inputShape: ReadonlyArray<number | null> | undefined
  /** By the signature's names, sorted. */
  readonly outputs: ReadonlyMap<string, GraphTensor>
  /** What is kept of a variable; undefined where an operation is none. */
  variable (op: GraphOp): StoredWeight | undefined
}

/** The weights that belong together in the file, in the file's order. */
export interface StoredLayer {
  /**
   * Legacy HDF5: the group's name (= the top-level layer's name; a nested model is ONE group).
   * Keras 3: the path without `layers/` and `vars`, e.g. `functional/separable_conv2d_3`, in the order of the HDF5 file's
   * creation or natural number order.
   * TensorFlow.js and safetensors: the weight's name without its last part.
   */
  readonly path: string
  readonly weights: readonly StoredWeight[]
}
export type FileKind =
  'keras-archive' | 'hdf5-model' | 'hdf5-weights' | 'keras3-weights' | 'tfjs-layers' | 'safetensors' | 'torch' | 'saved-model'
export interface StoredModel {
  readonly kind: FileKind
  /** Keras's model configuration as parsed JSON, `{class_name, config, ...}`, where the file has one; not validated. */
  readonly config: unknown
  /** What the model was compiled with (`loss` and more), where the file says it beside `config`: as an object or as text; not validated. */
  readonly training?: unknown
  /** Version of Keras that wrote it, where the file says so. */
  readonly kerasVersion: string | undefined
  /** Class of the module of PyTorch's that was pickled whole, where one was. */
  readonly moduleClass?: string
  /** What is computed, where that is stated in TensorFlow's operations. */
  readonly graph?: ServedGraph
  /** Those that have weights. */
  readonly layers: readonly StoredLayer[]
  /** What the operator should know of how it was found, one sentence each that continues the file's name. */
  readonly notes?: readonly string[]
  close (): Promise<void>
}
