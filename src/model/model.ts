import type { HiddenActivation, PoolingName } from './head-settings.js'
import type { InputChoices, InputSettings, InputSpec } from './input.js'
import type { Label } from './labels.js'
import type { Network } from './network.js'
import type { Quantization } from './quantization.js'
import type { Weights } from './weights.js'

/** A model that can be served, checked, whatever it was read from; its weights are read when they are needed. */
export interface Model {
  readonly name: string
  readonly version: string
  readonly network: Network
  readonly input: InputChoices
  readonly labels: readonly Label[]
  /** What the operator should know, one sentence each. */
  readonly warnings: readonly string[]
  /** SHA-256 of the file of weights, hexadecimal. */
  hashWeights (): Promise<string>
  readWeights (): Promise<Weights>
  /** How it is computed in int8, where it says so itself; by the names of the folded network's layers. */
  readQuantization?(): Promise<Quantization>
}

/** What the operator may set about a model. */
export interface ModelSettings extends InputSettings {
  /** Path of a file of labels; empty for the model's own. */
  readonly labels: string
  readonly output: 'softmax' | 'sigmoid' | 'auto'
  readonly pooling: PoolingName | 'auto'
  readonly headActivation: HiddenActivation | 'auto'
  /** Which of several outputs is served, by its layer's name or its key; empty for the first. */
  readonly outputLayer: string
  /** Whether a file without a classifier is opened too, for its features; its probabilities mean nothing then. */
  readonly withoutClassifier?: boolean
}

/** What the decoder needs of a model's input. */
export function inputSpec ({ size, width, channels, fit, cropFraction, kernel, pixels, rescaling }: InputChoices): InputSpec {
  return {
    size: size.value,
    ...width === undefined ? {} : { width },
    channels,
    fit: fit.value,
    cropFraction,
    kernel: kernel.value,
    ...pixels === undefined ? {} : { rescaling: rescaling.value }
  }
}
