/** The images of a run, each the raw bytes of its pixels, row by row, channels last. */
export type Images = ReadonlyArray<Uint8Array<ArrayBuffer>>

export interface StepBatch {
  readonly images: Images
  /** [images, classes], row-major: one distribution an image. */
  readonly labels: Float32Array<ArrayBuffer>
  readonly learningRate: number
}

export interface StepResult {
  /** Cross entropies, one an image, from before the update. */
  readonly losses: Float32Array<ArrayBuffer>
  /** [images, classes], row-major. */
  readonly logits: Float32Array<ArrayBuffer>
}

/** Row-major float32 by the name of a variable. */
export type VariableValues = ReadonlyMap<string, { readonly shape: readonly number[], readonly data: Float32Array }>

/** What the process that trains is asked for, one thing after the other; `worker.ts` does it. */
export interface TrainingWorker {
  /** The folder of a SavedModel. */
  load (folder: string): Promise<void>
  /** All variables, before anything else is run. */
  write (values: VariableValues): void
  read (): VariableValues
  step (batch: StepBatch): StepResult
  /** [images, classes] logits, row-major, of the network as it would serve. */
  evaluate (images: Images): Float32Array<ArrayBuffer>
}
