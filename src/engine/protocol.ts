import type { Backend } from './backend.js'

/** What the engine tells a worker to load; batch sizes are run once before it answers. */
export interface LoadRequest {
  readonly path: string
  /** Length of one image's RGB bytes. */
  readonly imageBytes: number
  readonly warmUpBatchSizes: readonly number[]
}

export interface LoadReply { readonly backend: Backend, readonly tensorflowVersion: string }

export interface RunRequest { readonly images: ReadonlyArray<Uint8Array<ArrayBuffer>> }

export interface RunReply {
  /** [batch, classes], row-major. */
  readonly probabilities: Float32Array<ArrayBuffer>
  /** Time inside TensorFlow, in milliseconds. */
  readonly inferenceMs: number
}
