import type { Activation, Operation, OperationOf, Padding } from '../../src/model/network.js'
import type { Draft } from './random-draft.js'

/** Appends one layer or a few to a network under construction. */
export type DraftStep = (draft: Draft) => void

const ACTIVATIONS: readonly Activation[] = [
  { function: 'relu' }, { function: 'relu', maximum: 6 }, { function: 'relu', maximum: 1.5 }, { function: 'leakyRelu', slope: 0.2 },
  { function: 'elu', alpha: 1 }, { function: 'elu', alpha: 0.6 }, { function: 'silu' }, { function: 'gelu', approximate: false },
  { function: 'gelu', approximate: true }, { function: 'hardSigmoid', slope: 0.2 }, { function: 'hardSigmoid', slope: 1 / 6 },
  { function: 'hardSwish', slope: 1 / 6 }, { function: 'tanh' }, { function: 'sigmoid' }, { function: 'softmax' },
  { function: 'selu' }, { function: 'softplus' }, { function: 'softsign' }, { function: 'mish' }, { function: 'exponential' }
]

interface Window {
  readonly kernel: [number, number]
  readonly strides: [number, number]
  readonly dilation: [number, number]
  readonly padding: Padding
}

/** A window that leaves pixels over. */
function windowFor (draft: Draft): Window {
  const [height, width] = draft.shape()
  const small = Math.min(height, width) < 5
  const kernel: [number, number] = [draft.integer(1, 4), draft.integer(1, 4)]
  const strides: [number, number] = small ? [1, 1] : [draft.integer(1, 2), draft.integer(1, 2)]
  const dilated = !small && draft.flip()
  const dilation: [number, number] = dilated ? [draft.integer(1, 2), draft.integer(1, 3)] : [1, 1]
  const reach = Math.max((kernel[0] - 1) * dilation[0], (kernel[1] - 1) * dilation[1]) + 1
  return { kernel, strides, dilation, padding: paddingFor(draft, kernel, small || reach >= Math.min(height, width) - 2) }
}

function paddingFor (draft: Draft, [height, width]: readonly [number, number], mustPad: boolean): Padding {
  if (draft.flip()) return mustPad || draft.flip() ? 'same' : 'valid'
  if (mustPad) return 'same'
  const below = (size: number): number => draft.integer(0, size - 1)
  return { top: below(height), bottom: below(height), left: below(width), right: below(width) }
}

/** Another feature map of the same height and width as the last one. */
function branch (draft: Draft, filters: number, input = draft.last): string {
  const kernel: [number, number] = draft.pick([[1, 1], [3, 3], [1, 3]])
  return draft.add({ ...plainConvolution(filters, kernel), bias: draft.flip() }, input)
}

function plainConvolution (filters: number, kernel: [number, number]): OperationOf<'convolution'> {
  return { kind: 'convolution', filters, groups: 1, bias: true, kernel, strides: [1, 1], dilation: [1, 1], padding: 'same' }
}

function batchNormalization (draft: Draft): Operation {
  return { kind: 'batchNormalization', epsilon: draft.pick([1e-3, 1e-5]), scale: draft.flip(), center: draft.flip() }
}

function affine (draft: Draft): Operation {
  const numbers = (mean: number): number | number[] => {
    const number = (): number => mean + draft.random.normal(0.4)
    return draft.flip() ? number() : Array.from({ length: draft.shape()[2] }, number)
  }
  return { kind: 'affine', scale: numbers(1), offset: draft.pick([0, numbers(0)]) }
}

function convolution (draft: Draft, groups: number): void {
  draft.add({ kind: 'convolution', filters: groups * draft.integer(1, 4), groups, bias: draft.flip(), ...windowFor(draft) })
}

function maybeNormalize (draft: Draft): void {
  if (draft.flip()) draft.add(draft.flip() ? batchNormalization(draft) : affine(draft))
}

/** What may stand before the head. */
export const STEPS: readonly DraftStep[] = [
  ...ACTIVATIONS.map((activation) => (draft: Draft) => { draft.add({ kind: 'activation', activation }) }),
  ...[0, 1, 2].map(() => (draft: Draft) => { convolution(draft, 1); maybeNormalize(draft) }),
  (draft) => { maybeNormalize(draft); convolution(draft, 1) },
  (draft) => {
    maybeNormalize(draft)
    draft.add({ ...plainConvolution(draft.integer(3, 6), [1, 1]), bias: draft.flip() })
    maybeNormalize(draft)
  },
  (draft) => { convolution(draft, 1); draft.add({ kind: 'activation', activation: { function: 'relu' } }) },
  (draft) => { branch(draft, 6); convolution(draft, draft.pick([2, 3])); maybeNormalize(draft) },
  ...[0, 1].map(() => (draft: Draft) => {
    maybeNormalize(draft)
    draft.add({ kind: 'depthwiseConvolution', bias: draft.flip(), ...windowFor(draft) })
    maybeNormalize(draft)
  }),
  ...[0, 1].map(() => (draft: Draft) => {
    maybeNormalize(draft)
    draft.add({ kind: 'separableConvolution', filters: draft.integer(3, 7), bias: draft.flip(), ...windowFor(draft) })
    maybeNormalize(draft)
  }),
  (draft) => { draft.add(batchNormalization(draft)) },
  (draft) => { draft.add(affine(draft)) },
  ...(['maxPooling', 'averagePooling'] as const).map((kind) => (draft: Draft) => {
    const { kernel: size, strides, padding } = windowFor(draft)
    draft.add({ kind, size, strides, padding })
  }),
  (draft) => {
    const [top, bottom, left, right] = [0, 0, 0, 0].map(() => draft.integer(0, 2)) as [number, number, number, number]
    draft.add({ kind: 'zeroPadding', top, bottom, left, right })
  },
  (draft) => {
    const channels = branch(draft, 6)
    const first = draft.add({ kind: 'channelSlice', start: 0, end: 2 }, channels)
    const second = draft.add({ kind: 'channelSlice', start: draft.integer(1, 3), end: 6 }, channels)
    draft.add({ kind: 'concatenate' }, first, branch(draft, 2, second))
  },
  (draft) => {
    const { last, shape: [, , channels] } = { last: draft.last, shape: draft.shape() }
    draft.add({ kind: 'add' }, last, branch(draft, channels, last), ...draft.flip() ? [branch(draft, channels, last)] : [])
  },
  (draft) => {
    const { last, shape: [, , channels] } = { last: draft.last, shape: draft.shape() }
    draft.add({ kind: 'concatenate' }, last, branch(draft, 3, last), branch(draft, channels, last))
  },
  (draft) => {
    const last = draft.last
    draft.add({ kind: 'multiply' }, last, branch(draft, 1, last))
  },
  ...(['maximum', 'minimum'] as const).map((kind) => (draft: Draft) => {
    const { last, shape: [, , channels] } = { last: draft.last, shape: draft.shape() }
    draft.add({ kind }, last, branch(draft, draft.pick([1, channels]), last))
  }),
  (draft) => {
    const last = draft.last
    branch(draft, 1, last)
    draft.add({ kind: 'activation', activation: { function: 'sigmoid' } })
    const divisor = draft.add({ kind: 'affine', scale: 1, offset: 0.5 })
    draft.add({ kind: 'divide' }, last, divisor)
  },
  (draft) => { draft.add({ kind: 'layerNormalization', epsilon: 1e-3, scale: draft.flip(), center: draft.flip() }) },
  (draft) => { draft.add({ kind: 'unitNormalization' }) },
  (draft) => {
    const last = draft.last
    const [mean, largest] = (['channelMean', 'channelMax'] as const).map((kind) => draft.add({ kind }, last)) as [string, string]
    draft.add({ kind: 'concatenate' }, mean, largest)
    branch(draft, 1)
    draft.add({ kind: 'activation', activation: { function: 'sigmoid' } })
    draft.add({ kind: 'multiply' }, last, draft.last)
  },
  (draft) => {
    const [height, width, channels] = draft.shape()
    draft.add({ kind: 'parametricRelu', alpha: draft.pick([[1, 1, channels], [height, width, channels], [1, 1, 1]]) })
  },
  (draft) => {
    const [height, width] = draft.shape()
    const size = { height: draft.integer(height - 2, 2 * height), width: draft.integer(width - 2, 2 * width) }
    const most = { height: Math.max(3, Math.min(size.height, 14)), width: Math.max(3, Math.min(size.width, 14)) }
    draft.add({ kind: 'resizing', ...most, method: draft.pick(['nearest', 'bilinear']) })
  },
  (draft) => {
    const [height, width] = draft.shape()
    const most = (side: number): number => side > 5 ? 1 : 0
    const [top, left] = [draft.integer(0, most(height)), draft.integer(0, most(width))]
    draft.add({ kind: 'cropping', top, bottom: most(height), left, right: most(width) })
  },
  (draft) => {
    const last = draft.last
    const [, , channels] = draft.shape(last)
    draft.add({ kind: draft.pick(['globalAveragePooling', 'globalMaxPooling']), keepDimensions: true }, last)
    branch(draft, channels)
    draft.add({ kind: 'activation', activation: { function: 'sigmoid' } })
    draft.add({ kind: draft.pick(['multiply', 'add']) }, last, draft.last)
  },
  (draft) => {
    const [height, width, channels] = draft.shape()
    draft.add({ kind: 'reshape', shape: draft.pick([[width, height, channels], [height, width * channels, 1]]) })
    branch(draft, 3)
  }
]

/** From the last feature map to the probabilities. */
export const HEADS: readonly DraftStep[] = [
  (draft) => {
    draft.add({ kind: 'globalAveragePooling', keepDimensions: false })
    maybeNormalize(draft)
    draft.classify({ kind: 'dense', units: 4, bias: true })
    draft.add({ kind: 'activation', activation: { function: 'softmax' } })
  },
  (draft) => {
    draft.add({ kind: 'globalMaxPooling', keepDimensions: false })
    draft.add({ kind: 'dense', units: 6, bias: draft.flip() })
    maybeNormalize(draft)
    draft.add({ kind: 'activation', activation: { function: 'relu' } })
    draft.classify({ kind: 'dense', units: 1, bias: true })
    draft.add({ kind: 'activation', activation: { function: 'sigmoid' } })
  },
  (draft) => {
    draft.add({ kind: 'flatten' })
    draft.classify({ kind: 'dense', units: 5, bias: true })
    draft.add({ kind: 'activation', activation: { function: 'sigmoid' } })
  },
  (draft) => {
    draft.classify(
      plainConvolution(3, [3, 3]),
      { kind: 'globalAveragePooling', keepDimensions: false }
    )
    draft.add({ kind: 'activation', activation: { function: 'softmax' } })
  },
  (draft) => {
    draft.add({ kind: 'globalAveragePooling', keepDimensions: true })
    maybeNormalize(draft)
    draft.classify(
      plainConvolution(4, [1, 1]),
      { kind: 'reshape', shape: [4] }
    )
    draft.add({ kind: 'activation', activation: { function: 'softmax' } })
  }
]
