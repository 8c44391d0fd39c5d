import type { Backend } from '../engine/backend.js'
import type { ComputationSettings } from '../engine/target.js'
import type { ImageLimits } from '../preprocess/index.js'
import type { CompileSettings } from './compile-process.js'

/** What the service needs to know of the settings; src/settings.ts says what each means. */
export interface ServiceSettings extends ImageLimits, CompileSettings, ComputationSettings {
  readonly backend: Backend | 'auto'
  readonly maxBatchSize: number | 'auto'
  readonly inferenceTimeoutMs: number
  readonly queueSize: number
  readonly decodeConcurrency: number
  readonly decodeTimeoutMs: number
  readonly maxDecodeBytes: number
  readonly batchDelayMs: number
}
