/** The runs of a training graph. */
export const SIGNATURES = {
  /** One step of training. */
  step: 'step',
  /** The network as it would serve. */
  evaluate: 'evaluate',
  /** Fed all variables by name. */
  write: 'write',
  /** Gives all variables by name. */
  read: 'read'
} as const

export const STEP_INPUTS = {
  /** Strings [batch], each the raw bytes of one image's pixels, row by row, channels last. */
  images: 'images',
  /** Float32 [batch, classes], one distribution an image. */
  labels: 'labels',
  /** Float32 []. */
  learningRate: 'learning_rate'
} as const

export const STEP_OUTPUTS = {
  /** Float32 [batch]: the cross entropy of each image, from before the update. */
  losses: 'losses',
  /** Float32 [batch, classes]. */
  logits: 'logits'
} as const

/** The variable of a weight's momentum. */
export function momentumOf (weight: string): string {
  return `${weight}/momentum`
}
