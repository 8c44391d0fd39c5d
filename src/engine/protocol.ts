import type { Wantable } from '../compiler/signature.js'
import type { Backend } from './backend.js'
import type { Products } from './choice/candidates.js'
import type { OutputName, Wanted } from './wanted.js'

/** Names of this project's kernels by what products are of; where there is none, the first that runs is used. */
export type KernelNames = Readonly<Partial<Record<Products, string>>>

/** What the engine tells a worker to load; batch sizes are run once before it answers. */
export interface LoadRequest {
  readonly path: string
  readonly kernels?: KernelNames | undefined
  /** Length of one image's bytes. */
  readonly imageBytes: number
  readonly warmUpBatchSizes: readonly number[]
}

export interface LoadReply {
  readonly backend: Backend
  readonly tensorflowVersion: string
  /** What the network can be asked for beside its probabilities. */
  readonly outputs: readonly Wantable[]
}

/** One image, row by row, channels last: a byte a number as pictures have them, or float32 as the network has them after rescaling. */
export type EngineImage = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>

/** The images of one run, which are of one kind. */
export type EngineImages = ReadonlyArray<Uint8Array<ArrayBuffer>> | ReadonlyArray<Float32Array<ArrayBuffer>>

export interface RunRequest {
  readonly images: EngineImages
  readonly wanted: Wanted
}

/** One output of several images, or of one. */
export interface OutputValues {
  /** Shape of one image's values. */
  readonly shape: readonly number[]
  /** Row-major. */
  readonly values: Float32Array<ArrayBuffer>
}

/** Only what was asked for. */
export type Outputs = Readonly<Partial<Record<OutputName, OutputValues>>>

export interface RunReply {
  /** [batch, classes], row-major. */
  readonly probabilities: Float32Array<ArrayBuffer>
  readonly outputs: Outputs
  /** Time inside TensorFlow, in milliseconds. */
  readonly inferenceMs: number
}
