import type { Activation } from './network.js'

/** How the feature map of a file that has only weights becomes the vector that its first Dense layer reads. */
export const POOLINGS = ['avg', 'max', 'flatten'] as const
export type PoolingName = typeof POOLINGS[number]

/** Non-linearities between Dense layers by Keras's names, as they are where nothing else is said; linear is none. */
export const HIDDEN_ACTIVATIONS = {
  linear: undefined,
  relu: { function: 'relu' },
  relu6: { function: 'relu', maximum: 6 },
  leaky_relu: { function: 'leakyRelu', slope: 0.2 },
  elu: { function: 'elu', alpha: 1 },
  silu: { function: 'silu' },
  gelu: { function: 'gelu', approximate: false },
  selu: { function: 'selu' },
  softplus: { function: 'softplus' },
  softsign: { function: 'softsign' },
  mish: { function: 'mish' },
  exponential: { function: 'exponential' },
  tanh: { function: 'tanh' },
  sigmoid: { function: 'sigmoid' }
} as const satisfies Readonly<Record<string, Activation | undefined>>
export type HiddenActivation = keyof typeof HIDDEN_ACTIVATIONS
