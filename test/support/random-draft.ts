import type { Random } from '../../src/base/random.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import type { Layer, Network, NetworkInput, Operation } from '../../src/model/network.js'
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
/** What rounding to 8 significant bits changes at most, as a share of a number, and what that may change of a probability. */
const ROUNDING = 2 ** -9
const LARGEST_CHANGE = 0.001
/** How often that is tried: one time, errors may happen to cancel. */
const SHAKES = 2
const IMAGES = 3

/** A network under construction that is evaluated as it grows, so that weights can be chosen that keep its numbers near 1. */
export class Draft {
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
      rescaling: this.pick([
        { scale: 1 / 127.5, offset: -1 }, { scale: numbers(0.015, 0.002), offset: numbers(-1.5, 0.4), order: 'bgr' }
      ] as const)
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

  /** Name of the last layer. */
  get last (): string {
    return this.builder.last
  }

  shape (name = this.last): readonly [number, number, number] {
    const [height, width = 1, channels] = this.builder.shapeOf(name)
    return channels === undefined ? [1, 1, height] : [height, width, channels]
  }

  add (operation: Operation, ...inputs: string[]): string {
    const read = inputs.length === 0 ? [this.last] : inputs
    const name = this.builder.add({ name: `${operation.kind} ${++this.count}`, operation, inputs: read })
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
    const spread = rootMeanSquare(plain.flatMap((values) => [...values].map((value, unit) => value - (middles[unit] ?? 0))))
    if (!(spread > LEAST_SPREAD * rootMeanSquare(plain.flatMap((values) => [...values])))) return undefined
    this.scale(kernel, 1 / spread)
    const biases = Float32Array.from(middles, (middle) => this.random.normal(0.3) - middle / spread)
    this.weights.set(bias, { shape: [middles.length], data: biases })
    logits()
    const isSteady = Array.from({ length: SHAKES }).every(() => this.isSteady(network))
    return isSteady ? { network, weights: this.weights, images: this.images } : undefined
  }

  /** False where changes of all numbers as small as rounding makes them change a probability by much: such a network tells nothing. */
  private isSteady (network: Network): boolean {
    const last = network.layers.at(-1)?.name ?? ''
    const before = (this.values.get(last) ?? []).map(({ data }) => data)
    const shaken = new Map([...this.values].map(([name, maps]) => [name, maps.map((map) => this.shaken(map))]))
    const weights = new Map([...this.weights].map(([name, { shape, data }]) => (
      [name, { shape, data: data.map((value) => this.shakenNumber(value)) }]
    )))
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
    this.values.set(layer.name, this.images.map((_, image) => (
      referenceLayer(layer, sources.map((maps) => maps[image] as FeatureMap), this.weights)
    )))
  }

  private scale (weight: string, factor: number): void {
    const { shape, data } = this.weights.get(weight) as Tensor
    this.weights.set(weight, { shape, data: data.map((value) => value * factor) })
  }

  private weight (role: string, shape: readonly number[], inputs: readonly FeatureMap[]): Tensor {
    const { random } = this
    const fill = (value: (index: number) => number): Tensor => (
      { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, index) => value(index)) }
    )
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

/** How large the numbers of maps are, 1 where all are zero. */
function size (maps: readonly FeatureMap[]): number {
  return rootMeanSquare(maps.flatMap(({ data }) => [...data])) || 1
}

function rootMeanSquare (values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)
}
