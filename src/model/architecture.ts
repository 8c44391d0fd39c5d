import { Type, type Static } from '../base/typebox.js'
import { NetworkError } from './network.js'
import { parse } from '../base/schema.js'

/*
 * The Xception family as data (Chollet 2017, arXiv 1610.02357, Figure 5).
 * An architecture is what a model package states; `layers.ts` walks it into a list of layers.
 */

const Count = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Name = Type.String({ minLength: 1 })
const Epsilon = Type.Number({ exclusiveMinimum: 0 })

export const Activation = Type.Union([
  Type.Literal('linear'), Type.Literal('relu'), Type.Literal('elu'), Type.Literal('sigmoid'), Type.Literal('softmax')
])
export type Activation = Static<typeof Activation>

/** One layer after the last module. */
export const HeadLayer = Type.Union([
  Type.Object({ type: Type.Literal('globalAveragePooling') }),
  Type.Object({ type: Type.Literal('globalMaxPooling') }),
  Type.Object({ type: Type.Literal('flatten') }),
  Type.Object({ type: Type.Literal('dense'), name: Name, units: Count, activation: Activation }),
  Type.Object({ type: Type.Literal('batchNormalization'), name: Name, epsilon: Epsilon }),
  Type.Object({ type: Type.Literal('activation'), activation: Activation })
])
export type HeadLayer = Static<typeof HeadLayer>

export const Architecture = Type.Object({
  /** Side of the square RGB input, in pixels. */
  inputSize: Count,
  /** Module 1: two standard 3x3 convolutions. */
  stem: Type.Object({
    filters: Type.Tuple([Count, Count]),
    strides: Type.Tuple([Count, Count]),
    padding: Type.Union([Type.Literal('valid'), Type.Literal('same')])
  }),
  /** Entry flow: one downsampling module for each number. */
  entryFilters: Type.Array(Count, { minItems: 1 }),
  /** Middle flow: modules of three separable convolutions at constant size. */
  middle: Type.Object({ filters: Count, repeats: Type.Integer({ minimum: 0, maximum: 1000 }) }),
  /** Exit flow: the downsampling module's two separable convolutions, then the last module's two. */
  exitFilters: Type.Tuple([Count, Count, Count, Count]),
  /** False for the paper's non-residual stack (Figure 9). */
  residual: Type.Boolean(),
  /** Non-linearity between the depthwise and the pointwise step; the paper finds none best (Figure 10). */
  intermediateActivation: Type.Union([Type.Literal('none'), Type.Literal('relu'), Type.Literal('elu')]),
  /** What is around the maps that the downsampling modules pool: by TensorFlow's rule, or one row and one column at each side. */
  poolPadding: Type.Optional(Type.Union([Type.Literal('same'), Type.Literal('around')])),
  batchNormEpsilon: Epsilon,
  /** From the last module's feature map to probabilities; ends in softmax (one class of many) or sigmoid (independent classes). */
  head: Type.Array(HeadLayer, { minItems: 1 })
})
export type Architecture = Static<typeof Architecture>

/** The paper's network as Keras publishes it: 299x299 pixels, 1000 classes, 22,910,480 parameters. */
export const XCEPTION: Architecture = {
  inputSize: 299,
  stem: { filters: [32, 64], strides: [2, 1], padding: 'valid' },
  entryFilters: [128, 256, 728],
  middle: { filters: 728, repeats: 8 },
  exitFilters: [728, 1024, 1536, 2048],
  residual: true,
  intermediateActivation: 'none',
  batchNormEpsilon: 1e-3,
  head: [
    { type: 'globalAveragePooling' },
    { type: 'dense', name: 'predictions', units: 1000, activation: 'softmax' }
  ]
}

/** Reads an architecture from untrusted JSON. Throws an OperatorError that names the first field that is missing or wrong. */
export function parseArchitecture (value: unknown): Architecture {
  const architecture = parse(Architecture, value, 'architecture')
  const entry = architecture.entryFilters.at(-1)
  if (architecture.residual && architecture.middle.filters !== entry) {
    throw new NetworkError(`architecture: middle.filters must equal the last of entryFilters (${entry}), or the residual sums do not fit`)
  }
  outputActivation(architecture)
  return architecture
}

/** How the head turns numbers into probabilities. Throws a NetworkError if its last layer does not. */
export function outputActivation (architecture: Architecture): 'softmax' | 'sigmoid' {
  const last = architecture.head.at(-1)
  const activation = last !== undefined && 'activation' in last ? last.activation : undefined
  if (activation !== 'softmax' && activation !== 'sigmoid') {
    throw new NetworkError(`architecture: head must end in softmax or sigmoid, not in ${activation ?? last?.type}`)
  }
  return activation
}
