import type { Architecture, HeadLayer } from '../architecture.js'
import type { Rescaling } from '../input.js'
import { NetworkBuilder } from '../network-builder.js'
import type { Activation, Network, Operation, Padding } from '../network.js'

const KERNEL_SIZE = 3
const POOL = { kind: 'maxPooling', size: [3, 3], strides: [2, 2], padding: 'same' } satisfies Operation

/**
 * The network of an architecture, from the input to the probabilities, in Keras's order and with Keras's names.
 * Throws an Error if a feature map would have no pixel left.
 *
 * The 1x1 convolutions of the residual connections are called `block<N>_residual`: Keras numbers them
 * (`conv2d_4`) by what was built before in the same process, so its names say nothing.
 */
export function xceptionNetwork (architecture: Architecture, rescaling: Rescaling): Network {
  const walk = new Walk(architecture, rescaling)
  entryFlow(walk, architecture)
  middleFlow(walk, architecture)
  exitFlow(walk, architecture)
  head(walk, architecture.head)
  return walk.build()
}

function entryFlow (walk: Walk, { stem, entryFilters, residual }: Architecture): void {
  walk.enter(1, 'entry')
  stem.filters.forEach((filters, index) => {
    walk.convolution(`block1_conv${index + 1}`, filters, KERNEL_SIZE, stem.strides[index] ?? 1, stem.padding)
    walk.activation(`block1_conv${index + 1}_act`, { function: 'relu' })
  })
  entryFilters.forEach((filters, index) => {
    walk.enter(index + 2, 'entry')
    downsamplingModule(walk, [filters, filters], residual, index > 0)
  })
}

function middleFlow (walk: Walk, { entryFilters, middle, residual }: Architecture): void {
  for (let repeat = 0; repeat < middle.repeats; repeat++) {
    walk.enter(entryFilters.length + 2 + repeat, 'middle')
    const input = walk.last
    for (let index = 1; index <= 3; index++) {
      walk.activation(`${walk.block}_sepconv${index}_act`, { function: 'relu' })
      walk.separableConvolution(`${walk.block}_sepconv${index}`, middle.filters)
    }
    if (residual) walk.sum(`${walk.block}_add`, walk.last, input)
  }
}

function exitFlow (walk: Walk, { entryFilters, middle, exitFilters, residual }: Architecture): void {
  const first = entryFilters.length + middle.repeats + 2
  walk.enter(first, 'exit')
  downsamplingModule(walk, [exitFilters[0], exitFilters[1]], residual, true)
  walk.enter(first + 1, 'exit')
  ;[exitFilters[2], exitFilters[3]].forEach((filters, index) => {
    walk.separableConvolution(`${walk.block}_sepconv${index + 1}`, filters)
    walk.activation(`${walk.block}_sepconv${index + 1}_act`, { function: 'relu' })
  })
}

/** Two separable convolutions and a max pooling, beside a strided 1x1 convolution. Only the first module of the entry flow starts without ReLU. */
function downsamplingModule (walk: Walk, filters: readonly [number, number], residual: boolean, startsWithRelu: boolean): void {
  const { block, last: input } = walk
  filters.forEach((count, index) => {
    if (index > 0 || startsWithRelu) walk.activation(`${block}_sepconv${index + 1}_act`, { function: 'relu' })
    walk.separableConvolution(`${block}_sepconv${index + 1}`, count)
  })
  const main = walk.last
  if (!residual) {
    walk.add(`${block}_pool`, POOL, [main])
    return
  }
  const shortcut = walk.convolution(`${block}_residual`, filters[1], 1, 2, 'same', input)
  walk.sum(`${block}_add`, walk.add(`${block}_pool`, POOL, [main]), shortcut)
}

function head (walk: Walk, layers: readonly HeadLayer[]): void {
  walk.enter(undefined, 'head')
  layers.forEach((layer, index) => {
    switch (layer.type) {
      case 'dense':
        walk.add(layer.name, { kind: 'dense', units: layer.units, bias: true })
        walk.named(`${layer.name}_${layer.activation}`, layer.activation)
        break
      case 'batchNormalization': walk.batchNormalization(layer.name, layer.epsilon); break
      case 'activation': walk.named(`head${index + 1}_${layer.activation}`, layer.activation); break
      case 'flatten': walk.add(`head${index + 1}_flatten`, { kind: 'flatten' }); break
      case 'globalAveragePooling': walk.add('avg_pool', { kind: layer.type, keepDimensions: false }); break
      case 'globalMaxPooling': walk.add('max_pool', { kind: layer.type, keepDimensions: false }); break
    }
  })
}

/** Appends layers one by one; each method returns the name of the layer that gives the result. */
class Walk {
  private readonly builder: NetworkBuilder
  private place: { readonly module?: string, readonly flow?: string } = {}
  private readonly epsilon: number
  private readonly intermediateActivation: Architecture['intermediateActivation']

  constructor (architecture: Architecture, rescaling: Rescaling) {
    this.epsilon = architecture.batchNormEpsilon
    this.intermediateActivation = architecture.intermediateActivation
    this.builder = new NetworkBuilder({ side: architecture.inputSize, channels: 3, rescaling })
  }

  enter (module: number | undefined, flow: 'entry' | 'middle' | 'exit' | 'head'): void {
    this.place = module === undefined ? { flow } : { module: `block${module}`, flow }
  }

  get block (): string {
    return this.place.module ?? ''
  }

  get last (): string {
    return this.builder.last
  }

  build (): Network {
    return this.builder.build()
  }

  add (name: string, operation: Operation, inputs: string[] = [this.last], weightNames?: Readonly<Record<string, string>>): string {
    return this.builder.add({ name, operation, inputs, ...this.place, ...weightNames === undefined ? {} : { weightNames } })
  }

  activation (name: string, activation: Activation): string {
    return this.add(name, { kind: 'activation', activation })
  }

  /** An activation as an architecture names it; linear is no layer. */
  named (name: string, activation: 'linear' | 'relu' | 'elu' | 'sigmoid' | 'softmax'): void {
    if (activation !== 'linear') this.activation(name, activation === 'elu' ? { function: 'elu', alpha: 1 } : { function: activation })
  }

  /** A standard convolution and its batch normalization. */
  convolution (name: string, filters: number, size: number, stride: number, padding: Padding, input = this.last): string {
    this.add(name, {
      kind: 'convolution', filters, groups: 1, bias: false, kernel: [size, size], strides: [stride, stride], dilation: [1, 1], padding
    }, [input])
    return this.batchNormalization(`${name}_bn`, this.epsilon)
  }

  /** A depthwise separable convolution and its batch normalization. */
  separableConvolution (name: string, filters: number): string {
    const window = { kernel: [KERNEL_SIZE, KERNEL_SIZE], strides: [1, 1], dilation: [1, 1], padding: 'same' } satisfies Partial<Operation>
    if (this.intermediateActivation === 'none') {
      this.add(name, { kind: 'separableConvolution', filters, bias: false, ...window })
    } else {
      this.add(`${name}_depthwise`, { kind: 'depthwiseConvolution', bias: false, ...window }, [this.last], { depthwise_kernel: `${name}/depthwise_kernel` })
      this.named(`${name}_${this.intermediateActivation}`, this.intermediateActivation)
      this.add(name, {
        kind: 'convolution', filters, groups: 1, bias: false, kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'valid'
      }, [this.last], { kernel: `${name}/pointwise_kernel` })
    }
    return this.batchNormalization(`${name}_bn`, this.epsilon)
  }

  batchNormalization (name: string, epsilon: number): string {
    return this.add(name, { kind: 'batchNormalization', epsilon, scale: true, center: true })
  }

  sum (name: string, left: string, right: string): string {
    return this.add(name, { kind: 'add' }, [left, right])
  }
}
