import { XCEPTION, type Architecture, type HeadLayer } from '../architecture.js'
import type { Rescaling } from '../input.js'
import type { Network, Operation } from '../network.js'
import { separable, type FamilyModule } from './modules.js'
import { PLAIN_NORMALIZATION, RELU, Walk } from './walk.js'

/** The same in PyTorch (Cadene's, timm's legacy_xception), which pools with one row and column around a map. */
export const LEGACY_XCEPTION: Architecture = { ...XCEPTION, poolPadding: 'around', batchNormEpsilon: 1e-5 }

const KERNEL_SIZE = 3
const POOL = { kind: 'maxPooling', size: [3, 3], strides: [2, 2] } as const
const AROUND = { top: 1, bottom: 1, left: 1, right: 1 }

/**
 * The network of an architecture, from the input to the probabilities, in Keras's order and with Keras's names; with another
 * module in place of the separable convolutions it is another member of the family. Throws an Error if a feature map would
 * have no pixel left.
 *
 * The 1x1 convolutions of the residual connections are called `block<N>_residual`: Keras numbers them
 * (`conv2d_4`) by what was built before in the same process, so its names say nothing.
 */
export function xceptionNetwork (
  architecture: Architecture, rescaling: Rescaling, module = separable(architecture.intermediateActivation), channels: 1 | 3 = 3
): Network {
  const walk = new Walk(
    { side: architecture.inputSize, channels, rescaling }, { ...PLAIN_NORMALIZATION, epsilon: architecture.batchNormEpsilon }
  )
  entryFlow(walk, architecture, module)
  middleFlow(walk, architecture, module)
  exitFlow(walk, architecture, module)
  head(walk, architecture.head)
  return walk.build()
}

function poolOf ({ poolPadding = 'same' }: Architecture): Operation {
  return { ...POOL, size: [...POOL.size], strides: [...POOL.strides], padding: poolPadding === 'same' ? 'same' : AROUND }
}

function entryFlow (walk: Walk, architecture: Architecture, module: FamilyModule): void {
  const { stem, entryFilters, residual } = architecture
  walk.enter('block1', 'entry')
  stem.filters.forEach((filters, index) => {
    walk.convolution(`block1_conv${index + 1}`, filters, { kernel: KERNEL_SIZE, stride: stem.strides[index] ?? 1, padding: stem.padding })
    walk.activation(`block1_conv${index + 1}_act`, RELU)
  })
  entryFilters.forEach((filters, index) => {
    walk.enter(`block${index + 2}`, 'entry')
    downsamplingModule(walk, [filters, filters], { module, residual, startsActivated: index === 0, pool: poolOf(architecture) })
  })
}

function middleFlow (walk: Walk, { entryFilters, middle, residual }: Architecture, module: FamilyModule): void {
  for (let repeat = 0; repeat < middle.repeats; repeat++) {
    walk.enter(`block${entryFilters.length + 2 + repeat}`, 'middle')
    const input = walk.last
    for (let index = 1; index <= 3; index++) {
      const name = `${walk.module}_${module.label}${index}`
      if (!module.endsInRelu) walk.activation(`${name}_act`, RELU)
      module.add(walk, name, middle.filters)
    }
    if (residual) walk.add(`${walk.module}_add`, { kind: 'add' }, [walk.last, input])
  }
}

function exitFlow (walk: Walk, architecture: Architecture, module: FamilyModule): void {
  const { entryFilters, middle, exitFilters, residual } = architecture
  const first = entryFilters.length + middle.repeats + 2
  walk.enter(`block${first}`, 'exit')
  const pool = poolOf(architecture)
  downsamplingModule(walk, [exitFilters[0], exitFilters[1]], { module, residual, startsActivated: false, pool })
  walk.enter(`block${first + 1}`, 'exit')
  ;[exitFilters[2], exitFilters[3]].forEach((filters, index) => {
    const name = `${walk.module}_${module.label}${index + 1}`
    module.add(walk, name, filters)
    if (!module.endsInRelu) walk.activation(`${name}_act`, RELU)
  })
}

interface Downsampling {
  readonly module: FamilyModule
  readonly residual: boolean
  /** True in the first module of the entry flow, which reads what a ReLU gave. */
  readonly startsActivated: boolean
  readonly pool: Operation
}

/** Two modules and a max pooling, beside a strided 1x1 convolution. */
function downsamplingModule (
  walk: Walk, filters: readonly [number, number], { module, residual, startsActivated, pool }: Downsampling
): void {
  const { module: block, last: input } = walk
  filters.forEach((count, index) => {
    const name = `${block}_${module.label}${index + 1}`
    if (!module.endsInRelu && (index > 0 || !startsActivated)) walk.activation(`${name}_act`, RELU)
    module.add(walk, name, count)
  })
  const main = walk.last
  if (!residual) {
    walk.add(`${block}_pool`, pool, [main])
    return
  }
  const shortcut = walk.convolution(`${block}_residual`, filters[1], { kernel: 1, stride: 2 }, input)
  walk.add(`${block}_add`, { kind: 'add' }, [walk.add(`${block}_pool`, pool, [main]), shortcut])
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
