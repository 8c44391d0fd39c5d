/** How a network is trained. */
export interface Recipe {
  /** How often every picture is seen. */
  readonly epochs: number
  /** Pictures of a step. */
  readonly batch: number
  /** The highest learning rate, which the warm-up reaches. */
  readonly learningRate: number
  /** The share of all steps in which the learning rate rises from nothing. */
  readonly warmUp: number
  readonly momentum: number
  /** Weight decay of kernels; biases and normalizations have none. */
  readonly weightDecay: number
  /** The share of a label that all classes have alike. */
  readonly labelSmoothing: number
  /** Pictures are mixed in pairs by a share from the Beta distribution with this parameter twice, at most 1; 0 mixes none. */
  readonly mixup: number
  /** Whether left and right are exchanged, by chance. */
  readonly flip: boolean
  /** Up to so many pixels a picture is moved in each direction; what comes in is its mirrored edge. */
  readonly shift: number
  /** Decides the first weights, the order of pictures and all that is done to them by chance. */
  readonly seed: number
}

export const DEFAULT_RECIPE: Recipe = {
  epochs: 30,
  batch: 128,
  learningRate: 0.1,
  warmUp: 0.1,
  momentum: 0.9,
  weightDecay: 5e-4,
  labelSmoothing: 0.1,
  mixup: 0,
  flip: true,
  shift: 4,
  seed: 1
}

/** Learning rate of a step, from 0: a line up to the highest, then half a cosine down to nothing (arXiv 1608.03983). */
export function learningRateAt (step: number, steps: number, { learningRate, warmUp }: Pick<Recipe, 'learningRate' | 'warmUp'>): number {
  const rising = Math.round(warmUp * steps)
  if (step < rising) return learningRate * (step + 1) / rising
  return learningRate * (1 + Math.cos(Math.PI * (step - rising) / (steps - rising))) / 2
}
