import type { Random } from '../../src/base/random.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import type { Activation, Layer, Network, NetworkInput, Operation } from '../../src/model/network.js'
import { sizeOf, type Tensor } from '../../src/model/weights.js'
import { wavyPicture } from './pictures.js'
import { referenceInput, referenceLayer, type FeatureMap } from './reference-network.js'

/** A network with weights, and pictures for which it gives clearly different answers. */
export interface LivelyNetwork {
  readonly network: Network
  readonly weights: ReadonlyMap<string, Tensor>
  readonly images: ReadonlyArray<Uint8Array<ArrayBuffer>>
}

/** Below this share of their size, the pictures' logits lie so near together that rounding is all that is seen. */
const LEAST_SPREAD = 0.1
/** What rounding to 8 significant bits changes at most, as a share of a number, and what it may change of a probability when it happens everywhere. */
const ROUNDING = 2 ** -9
const LARGEST_CHANGE = 0.001
/** How often that is tried: one time, errors may happen to cancel. */
const SHAKES = 2
const IMAGES = 3

const ACTIVATIONS: readonly Activation[] = [
  { function: 'relu' }, { function: 'relu', maximum: 6 }, { function: 'relu', maximum: 1.5 }, { function: 'leakyRelu', slope: 0.2 },
  { function: 'elu', alpha: 1 }, { function: 'elu', alpha: 0.6 }, { function: 'silu' }, { function: 'gelu', approximate: false },
  { function: 'gelu', approximate: true }, { function: 'hardSigmoid', slope: 0.2 }, { function: 'hardSigmoid', slope: 1 / 6 },
  { function: 'hardSwish', slope: 1 / 6 }, { function: 'tanh' }, { function: 'sigmoid' }, { function: 'softmax' }
]

const ONE = [1, 1] as const

/** Draws networks of all operations, one after the other; each kind of step comes up once before any comes up again. */
export class RandomNetworks {
  private deck: Array<(draft: Draft) => void> = []
  private heads: Array<(draft: Draft) => void> = []

  constructor (private readonly random: Random, private readonly steps = 5) {}

  next (): LivelyNetwork {
    for (;;) {
      const draft = new Draft(this.random)
      for (let step = 0; step < this.steps; step++) this.draw('deck', STEPS)(draft)
      this.draw('heads', HEADS)(draft)
      const lively = draft.finish()
      if (lively !== undefined) return lively
    }
  }

  private draw (pile: 'deck' | 'heads', all: ReadonlyArray<(draft: Draft) => void>): (draft: Draft) => void {
    if (this[pile].length === 0) this[pile] = [...all]
    const [drawn] = this[pile].splice(Math.floor(this.random.uniform(0, this[pile].length)), 1)
    return drawn as (draft: Draft) => void
  }
}

/** A network under construction that is evaluated as it grows, so that weights can be chosen that keep its numbers near 1. */
class Draft {
  readonly weights = new Map<string, Tensor>()
  readonly images: ReadonlyArray<Uint8Array<ArrayBuffer>>
  private readonly builder: NetworkBuilder
  private readonly input: NetworkInput
  private readonly values = new Map<string, readonly FeatureMap[]>()
  /** The layer whose numbers are the logits. */
  private logits: Layer | undefined
  private count = 0

  constructor (readonly random: Random) {
    const side = this.integer(9, 13)
    const channels = this.pick([1, 3, 3] as const)
    const numbers = (one: number, spread: number): number[] => Array.from({ length: channels }, () => one + random.normal(spread))
    this.input = {
      side,
      channels,
      rescaling: this.pick([{ scale: 1 / 127.5, offset: -1 }, { scale: numbers(0.015, 0.002), offset: numbers(-1.5, 0.4), order: 'bgr' }] as const)
    }
    this.builder = new NetworkBuilder(this.input)
    this.images = Array.from({ length: IMAGES }, () => wavyPicture(side, channels, random))
    this.values.set('input', this.images.map((image) => referenceInput({ input: this.input }, image)))
  }

  integer (low: number, high: number): number {
    return Math.floor(this.random.uniform(low, high + 1))
  }

  pick<T> (choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)] as T
  }

  flip (): boolean {
    return this.random.uniform() < 0.5
  }

  /** The last layer, now and then another one of the same shape: no layer is left without a reader where that can be helped. */
  get last (): string {
    return this.builder.last
  }

  shape (name = this.last): readonly [number, number, number] {
    const [height, width = 1, channels] = this.builder.shapeOf(name)
    return channels === undefined ? [1, 1, height] : [height, width, channels]
  }

  add (operation: Operation, ...inputs: string[]): string {
    const name = this.builder.add({ name: `${operation.kind} ${++this.count}`, operation, inputs: inputs.length === 0 ? [this.last] : inputs })
    const layer = this.builder.build().layers.at(-1) as Layer
    const sources = layer.inputs.map((input) => this.values.get(input) as readonly FeatureMap[])
    for (const { role, name: key, shape } of layer.weights) this.weights.set(key, this.weight(role, shape, sources[0] ?? []))
    this.evaluate(layer)
    const kernel = layer.weights.findLast(({ role }) => role.endsWith('kernel'))
    if (kernel !== undefined) {
      this.scale(kernel.name, 1 / size(this.values.get(name) ?? []))
      this.evaluate(layer)
    }
    return name
  }

  /** Appends a linear layer, and all that leads from it to the logits. */
  classify (operation: Operation, ...others: Operation[]): void {
    this.add(operation)
    this.logits = this.builder.build().layers.at(-1) as Layer
    for (const other of others) this.add(other)
  }

  /** The network, with logits spread evenly around 0; undefined where the pictures' logits are too much alike. */
  finish (): LivelyNetwork | undefined {
    const network = this.builder.build()
    const from = network.layers.findIndex(({ name }) => name === this.logits?.name)
    const beforeLast = network.layers.at(-2)?.name ?? ''
    const layers = network.layers.slice(from)
    const [kernel, bias] = this.logits?.weights.map(({ name }) => name) as [string, string]
    const logits = (): ReadonlyArray<Float64Array> => {
      layers.forEach((layer) => this.evaluate(layer))
      return (this.values.get(beforeLast) ?? []).map(({ data }) => data)
    }
    this.scale(bias, 0)
    const plain = logits()
    const middles = [...plain[0] ?? []].map((_, unit) => plain.reduce((sum, values) => sum + (values[unit] ?? 0), 0) / IMAGES)
    const spread = Math.sqrt(plain.reduce((sum, values) => sum + values.reduce((square, value, unit) => square + (value - (middles[unit] ?? 0)) ** 2, 0), 0) / IMAGES / middles.length)
    if (!(spread > LEAST_SPREAD * Math.sqrt(plain.reduce((sum, values) => sum + values.reduce((square, value) => square + value ** 2, 0), 0) / IMAGES / middles.length))) return undefined
    this.scale(kernel, 1 / spread)
    this.weights.set(bias, { shape: [middles.length], data: Float32Array.from(middles, (middle) => this.random.normal(0.3) - middle / spread) })
    logits()
    return Array.from({ length: SHAKES }).every(() => this.isSteady(network)) ? { network, weights: this.weights, images: this.images } : undefined
  }

  /** False where small changes of all numbers on the way, as rounding makes them, change a probability by much: such a network tells nothing. */
  private isSteady (network: Network): boolean {
    const last = network.layers.at(-1)?.name ?? ''
    const before = (this.values.get(last) ?? []).map(({ data }) => data)
    const shaken = new Map([...this.values].map(([name, maps]) => [name, maps.map((map) => this.shaken(map))]))
    const weights = new Map([...this.weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => this.shakenNumber(value)) }]))
    for (const layer of network.layers.slice(1)) {
      shaken.set(layer.name, this.images.map((_, image) => {
        const sources = layer.inputs.map((input) => shaken.get(input)?.[image] as FeatureMap)
        const map = referenceLayer(layer, sources, weights)
        return layer.outputShape.length === 3 ? this.shaken(map) : map
      }))
    }
    const after = (shaken.get(last) ?? []).map(({ data }) => data)
    return before.every((data, image) => data.every((value, unit) => Math.abs(value - (after[image]?.[unit] ?? NaN)) < LARGEST_CHANGE))
  }

  private shaken (map: FeatureMap): FeatureMap {
    return { ...map, data: map.data.map((value) => this.shakenNumber(value)) }
  }

  private shakenNumber (value: number): number {
    return value * (1 + this.random.uniform(-ROUNDING, ROUNDING))
  }

  private evaluate (layer: Layer): void {
    const sources = layer.inputs.map((input) => this.values.get(input) as readonly FeatureMap[])
    this.values.set(layer.name, this.images.map((_, image) => referenceLayer(layer, sources.map((maps) => maps[image] as FeatureMap), this.weights)))
  }

  private scale (weight: string, factor: number): void {
    const { shape, data } = this.weights.get(weight) as Tensor
    this.weights.set(weight, { shape, data: data.map((value) => value * factor) })
  }

  private weight (role: string, shape: readonly number[], inputs: readonly FeatureMap[]): Tensor {
    const { random } = this
    const fill = (value: (index: number) => number): Tensor => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, index) => value(index)) })
    const statistics = (channel: number): { mean: number, variance: number } => {
      const numbers = inputs.flatMap(({ data, channels }) => [...data].filter((_, index) => index % channels === channel))
      const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
      return { mean, variance: numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length }
    }
    switch (role) {
      case 'gamma': return fill(() => random.uniform(0.6, 1.4))
      case 'moving_mean': return fill((channel) => statistics(channel).mean + random.normal(0.1))
      case 'moving_variance': return fill((channel) => statistics(channel).variance * random.uniform(0.7, 1.4) + 0.1)
      case 'beta': case 'bias': return fill(() => random.normal(0.3))
      default: return fill(() => random.normal())
    }
  }
}

/** Root of the mean square. */
function size (maps: readonly FeatureMap[]): number {
  const squares = maps.map(({ data }) => data.reduce((sum, value) => sum + value ** 2, 0) / data.length)
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / maps.length) || 1
}

/** A window that leaves pixels over. */
function windowFor (draft: Draft, shape = draft.shape()): { kernel: [number, number], strides: [number, number], dilation: [number, number], padding: 'same' | 'valid' } {
  const [height, width] = shape
  const small = Math.min(height, width) < 5
  const kernel: [number, number] = [draft.integer(1, 4), draft.integer(1, 4)]
  const strides: [number, number] = small ? [1, 1] : [draft.integer(1, 2), draft.integer(1, 2)]
  const dilated = !small && draft.flip()
  const dilation: [number, number] = dilated ? [draft.integer(1, 2), draft.integer(1, 3)] : [1, 1]
  const reach = Math.max((kernel[0] - 1) * dilation[0], (kernel[1] - 1) * dilation[1]) + 1
  return { kernel, strides, dilation, padding: small || reach >= Math.min(height, width) - 2 || draft.flip() ? 'same' : 'valid' }
}

/** Another feature map of the same height and width as the last one. */
function branch (draft: Draft, filters: number, input = draft.last): string {
  const kernel: [number, number] = draft.pick([[1, 1], [3, 3], [1, 3]])
  return draft.add({ kind: 'convolution', filters, groups: 1, bias: draft.flip(), kernel, strides: [...ONE], dilation: [...ONE], padding: 'same' }, input)
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

const STEPS: ReadonlyArray<(draft: Draft) => void> = [
  ...ACTIVATIONS.map((activation) => (draft: Draft) => { draft.add({ kind: 'activation', activation }) }),
  ...[0, 1, 2].map(() => (draft: Draft) => { convolution(draft, 1); maybeNormalize(draft) }),
  (draft) => { maybeNormalize(draft); convolution(draft, 1) },
  (draft) => {
    maybeNormalize(draft)
    draft.add({ kind: 'convolution', filters: draft.integer(3, 6), groups: 1, bias: draft.flip(), kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'same' })
    maybeNormalize(draft)
  },
  (draft) => { convolution(draft, 1); draft.add({ kind: 'activation', activation: { function: 'relu' } }) },
  (draft) => { branch(draft, 6); convolution(draft, draft.pick([2, 3])); maybeNormalize(draft) },
  ...[0, 1].map(() => (draft: Draft) => { maybeNormalize(draft); draft.add({ kind: 'depthwiseConvolution', bias: draft.flip(), ...windowFor(draft) }); maybeNormalize(draft) }),
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
  (draft) => { draft.add({ kind: 'zeroPadding', top: draft.integer(0, 2), bottom: draft.integer(0, 2), left: draft.integer(0, 2), right: draft.integer(0, 2) }) },
  (draft) => {
    const channels = branch(draft, 6)
    const [first, second] = [{ start: 0, end: 2 }, { start: draft.integer(1, 3), end: 6 }].map((range) => draft.add({ kind: 'channelSlice', ...range }, channels)) as [string, string]
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

const HEADS: ReadonlyArray<(draft: Draft) => void> = [
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
      { kind: 'convolution', filters: 3, groups: 1, bias: true, kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same' },
      { kind: 'globalAveragePooling', keepDimensions: false }
    )
    draft.add({ kind: 'activation', activation: { function: 'softmax' } })
  },
  (draft) => {
    draft.add({ kind: 'globalAveragePooling', keepDimensions: true })
    maybeNormalize(draft)
    draft.classify(
      { kind: 'convolution', filters: 4, groups: 1, bias: true, kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'same' },
      { kind: 'reshape', shape: [4] }
    )
    draft.add({ kind: 'activation', activation: { function: 'softmax' } })
  }
]
