import type { Layer, Network, OperationOf, Shape } from '../../model/network.js'
import { classifierOf } from '../../model/outputs.js'

/** A convolution, separable or dense, and the layers around it that its own op computes too. */
export interface Chain {
  readonly layer: Layer
  /** The layer that it reads, behind a ReLU where `reluInput`. */
  readonly source: string
  readonly reluInput: boolean
  /** The layer that is added to the product. */
  readonly summand: string | undefined
  /** The max pooling that makes the summand of that layer, where one does: 3x3 windows at every second position, with padding. */
  readonly poolSummand: OperationOf<'maxPooling'> | undefined
  /** After the sum. */
  readonly reluOutput: boolean
}

export interface ChainPlan {
  /** By the last of its layers, in whose place it is computed. */
  readonly chains: ReadonlyMap<string, Chain>
  /** Layers that are part of chains and that nobody else reads. */
  readonly absorbed: ReadonlySet<string>
}

export const NO_CHAINS: ChainPlan = { chains: new Map(), absorbed: new Set() }

/**
 * Finds what the ops can compute: separable convolutions of 3x3 windows and stride 1, and around them ReLUs and a sum of two; dense
 * convolutions, and behind them a sum of two, of which one may be pooled, and a ReLU.
 */
export function planChains (network: Network): ChainPlan {
  return new Planner(network).plan()
}

class Planner {
  private readonly layers: ReadonlyMap<string, Layer>
  private readonly readers = new Map<string, Layer[]>()
  /** Layers that are outputs, or that outputs are made of. */
  private readonly wanted: ReadonlySet<string>
  private readonly chains = new Map<string, Chain>()
  private readonly absorbed = new Set<string>()
  /** Layers that chains have. */
  private readonly taken = new Set<string>()

  constructor (private readonly network: Network) {
    const { layers } = network
    this.layers = new Map(layers.map((layer) => [layer.name, layer]))
    for (const layer of layers) {
      for (const input of layer.inputs) this.readers.set(input, [...this.readers.get(input) ?? [], layer])
    }
    const classifier = classifierOf(network)
    const ends = 'reason' in classifier ? [] : [classifier.pooling.name, classifier.pooled.name]
    this.wanted = new Set([layers.at(-1)?.name ?? '', ...ends])
  }

  plan (): ChainPlan {
    for (const layer of this.network.layers) {
      if (isFitting(layer, this.shapeOf(layer.inputs[0]))) this.addChain(layer)
    }
    this.absorbInputs()
    return { chains: this.chains, absorbed: this.absorbed }
  }

  private addChain (layer: Layer): void {
    const isDense = layer.operation.kind === 'convolution'
    const sum = this.sumAfter(layer)
    const summand = this.layers.get(sum?.inputs.find((input) => input !== layer.name) ?? '')
    const pooling = isDense && summand !== undefined && isHalving(summand) && this.soleReader(summand, () => true) ? summand : undefined
    const relu = this.soleReader(sum ?? layer, isRelu)
    const source = this.layers.get(layer.inputs[0] ?? '')
    const reluInput = !isDense && source !== undefined && isRelu(source) && !this.chains.has(source.name)
    const last = relu ?? sum ?? layer
    for (const { name } of [layer, pooling, sum, relu].filter((one) => one !== undefined)) {
      this.taken.add(name)
      if (name !== last.name) this.absorbed.add(name)
    }
    this.chains.set(last.name, {
      layer,
      source: (reluInput ? source.inputs[0] : source?.name) ?? '',
      reluInput,
      summand: pooling?.inputs[0] ?? summand?.name,
      poolSummand: pooling?.operation.kind === 'maxPooling' ? pooling.operation : undefined,
      reluOutput: relu !== undefined
    })
  }

  /** The sum of a layer and one other of its shape, which is there by then: layers are in topological order. */
  private sumAfter (layer: Layer): Layer | undefined {
    return this.soleReader(layer, ({ name, operation, inputs, outputShape }) => (
      operation.kind === 'add' && inputs.length === 2 && inputs[0] !== inputs[1] && !this.taken.has(name) &&
      inputs.every((input) => isSame(this.shapeOf(input), outputShape))
    ))
  }

  /** The layer that alone reads another, where it is as wanted. */
  private soleReader ({ name }: Layer, isWanted: (reader: Layer) => boolean): Layer | undefined {
    const [reader, ...others] = this.readers.get(name) ?? []
    return reader !== undefined && others.length === 0 && !this.wanted.has(name) && isWanted(reader) ? reader : undefined
  }

  /** ReLUs that only chains read, which take their own. */
  private absorbInputs (): void {
    const taking = new Set([...this.chains.values()].filter(({ reluInput }) => reluInput).map(({ layer }) => layer.name))
    for (const layer of this.network.layers) {
      const readers = this.readers.get(layer.name) ?? []
      const isPart = isRelu(layer) && !this.chains.has(layer.name) && !this.wanted.has(layer.name)
      if (isPart && readers.length > 0 && readers.every(({ name }) => taking.has(name))) this.absorbed.add(layer.name)
    }
  }

  private shapeOf (name: string | undefined): Shape | undefined {
    return this.layers.get(name ?? '')?.outputShape
  }
}

function isFitting ({ operation, outputShape }: Layer, inputShape: Shape | undefined): boolean {
  if (operation.kind === 'convolution') return isFittingDense(operation)
  if (operation.kind !== 'separableConvolution') return false
  return isSmallWindow(operation) && inputShape?.length === 3 && isSame(inputShape.slice(0, 2), outputShape.slice(0, 2))
}

/** Products of single positions are as fast in TensorFlow's ops, which need no patches. */
function isFittingDense ({ kernel, strides, dilation, groups }: OperationOf<'convolution'>): boolean {
  return groups === 1 && dilation.every((step) => step === 1) && [...kernel, ...strides].some((side) => side > 1)
}

/** Whether it makes a map half as large as the ops pool their summand: with one row and column around it, or those that `same` has. */
function isHalving ({ operation }: Layer): boolean {
  if (operation.kind !== 'maxPooling') return false
  const { size, strides, padding } = operation
  const isAround = padding === 'same' || (typeof padding === 'object' && Object.values(padding).every((margin) => margin === 1))
  return isAround && size.every((side) => side === 3) && strides.every((step) => step === 2)
}

function isSmallWindow ({ kernel, strides, dilation, padding }: OperationOf<'separableConvolution'>): boolean {
  return padding === 'same' && kernel.every((side) => side === 3) && [...strides, ...dilation].every((step) => step === 1)
}

function isRelu ({ operation }: Layer): boolean {
  return operation.kind === 'activation' && operation.activation.function === 'relu' && operation.activation.maximum === undefined
}

function isSame (one: readonly number[] | undefined, other: readonly number[]): boolean {
  return one?.join() === other.join()
}
