import { NetworkBuilder } from '../../model/network-builder.js'
import type { Network, Operation } from '../../model/network.js'
import type { Quantization } from '../../model/quantization.js'
import { sizeOf, type Tensor, type Weights } from '../../model/weights.js'
import { Random } from '../../base/random.js'

/* Convolutions as Xception has them, one after the other, for measuring what computes them fastest. */

/** One of them. */
export interface SampleLayer {
  /** What it computes: `separable 19x19x728 to 728`. */
  readonly name: string
  /** How many layers of a full Xception it stands for; 0 of a pooling, which is only there for the next one's size. */
  readonly count: number
}

export interface Sample {
  readonly network: Network
  readonly weights: Weights
  /** Ranges for all separable ones, which say nothing. */
  readonly quantization: Quantization
  /** In the order in which they are computed. */
  readonly layers: readonly SampleLayer[]
}

/** What a row adds: a convolution with a ReLU, or max pooling, which halves the map. `sums` adds what the row reads. */
type Row =
  | { readonly kind: 'dense', readonly filters: number, readonly stride: 1 | 2, readonly count: number }
  | { readonly kind: 'separable', readonly filters: number, readonly sums?: true, readonly count: number }
  | { readonly kind: 'pooling', readonly count: 0 }

const POOLING: Row = { kind: 'pooling', count: 0 }

/** One layer a size, each of which stands for all of that size by their multiplications: what is measured at a start. */
const FEW: readonly Row[] = [
  { kind: 'dense', filters: 32, stride: 2, count: 1 }, { kind: 'dense', filters: 64, stride: 1, count: 1 },
  { kind: 'separable', filters: 128, count: 3 }, POOLING,
  { kind: 'separable', filters: 256, count: 3 }, POOLING,
  { kind: 'separable', filters: 728, count: 3.8 }, POOLING,
  { kind: 'separable', filters: 728, sums: true, count: 25.4 }, POOLING,
  { kind: 'separable', filters: 728, count: 8.9 }
]

/** Each kind of layer of a full Xception, but for the shortcuts' convolutions of single positions. */
const ALL: readonly Row[] = [
  { kind: 'dense', filters: 32, stride: 2, count: 1 }, { kind: 'dense', filters: 64, stride: 1, count: 1 },
  { kind: 'separable', filters: 128, count: 1 }, { kind: 'separable', filters: 128, count: 1 }, POOLING,
  { kind: 'separable', filters: 256, count: 1 }, { kind: 'separable', filters: 256, count: 1 }, POOLING,
  { kind: 'separable', filters: 728, count: 1 }, { kind: 'separable', filters: 728, count: 1 }, POOLING,
  { kind: 'separable', filters: 728, count: 17 }, { kind: 'separable', filters: 728, sums: true, count: 8 },
  { kind: 'separable', filters: 1024, count: 1 }, POOLING,
  { kind: 'separable', filters: 1536, count: 1 }, { kind: 'separable', filters: 2048, count: 1 }
]

const SIDE = 299
const CLASSES = 16
/** A prime, so that neighbours in no dimension have the same numbers. */
const NOISE_LENGTH = 4099

/** The few that represent a full Xception, or one of each of its kinds. */
export function sampleOf (which: 'few' | 'all'): Sample {
  const builder = new NetworkBuilder({ side: SIDE, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } })
  const rows = which === 'few' ? FEW : ALL
  const layers = rows.map((row, index) => ({ name: add(builder, row, index), count: row.count }))
  append(builder, 'mean', { kind: 'globalAveragePooling', keepDimensions: false })
  append(builder, 'classes', { kind: 'dense', units: CLASSES, bias: true })
  append(builder, 'probabilities', { kind: 'activation', activation: { function: 'softmax' } })
  const network = builder.build()
  return { network, weights: weightsOf(network), quantization: quantizationOf(network), layers }
}

function add (builder: NetworkBuilder, row: Row, index: number): string {
  const [height, width, channels] = builder.shapeOf(builder.last)
  const given = `${height}x${width}x${channels}`
  if (row.kind === 'pooling') {
    append(builder, `pooling${index}`, { kind: 'maxPooling', size: [3, 3], strides: [2, 2], padding: 'same' })
    return `pooling ${given}`
  }
  const window = { kernel: [3, 3], dilation: [1, 1], bias: true } satisfies Partial<Operation>
  const { kind, filters } = row
  if (kind === 'dense') {
    append(builder, `dense${index}`, {
      kind: 'convolution', filters, groups: 1, strides: [row.stride, row.stride], padding: 'valid', ...window
    })
    append(builder, `relu${index}`, { kind: 'activation', activation: { function: 'relu' } })
    return `dense ${given} to ${filters}${row.stride === 2 ? ', every second position' : ''}`
  }
  const read = builder.last
  // A ReLU stands before each but the first, which reads that of the dense one.
  if (!read.startsWith('relu')) append(builder, `relu${index}`, { kind: 'activation', activation: { function: 'relu' } })
  append(builder, `separable${index}`, { kind: 'separableConvolution', filters, strides: [1, 1], padding: 'same', ...window })
  if (row.sums === true) append(builder, `sum${index}`, { kind: 'add' }, [builder.last, read])
  return `separable ${given} to ${filters}${row.sums === true ? ', with a sum' : ''}`
}

function append (builder: NetworkBuilder, name: string, operation: Operation, inputs = [builder.last]): void {
  builder.add({ name, operation, inputs })
}

/** Noise that keeps the size of what goes through, the same again and again: to draw each number would take longer than to measure. */
function weightsOf ({ layers }: Network): Weights {
  const random = new Random(1)
  const noise = Float32Array.from({ length: NOISE_LENGTH }, () => random.uniform(-1, 1))
  const tensorOf = (role: string, shape: readonly number[]): Tensor => {
    const data = new Float32Array(sizeOf(shape))
    if (role === 'bias') return { shape, data }
    const read = role === 'depthwise_kernel' ? sizeOf(shape.slice(0, 2)) : sizeOf(shape.slice(0, -1))
    const scaled = noise.map((number) => number * Math.sqrt(6 / read))
    for (let at = 0; at < data.length; at += scaled.length) data.set(scaled.subarray(0, data.length - at), at)
    return { shape, data }
  }
  return new Map(layers.flatMap(({ weights }) => weights.map(({ name, role, shape }) => [name, tensorOf(role, shape)] as const)))
}

function quantizationOf ({ layers }: Network): Quantization {
  return new Map(layers.flatMap(({ name, operation, weights }) => {
    if (operation.kind !== 'separableConvolution') return []
    const channels = weights[0]?.shape[2] ?? 0
    const low = new Float32Array(channels).fill(-3)
    const high = new Float32Array(channels).fill(3)
    return [[name, { low, high, biasCorrection: new Float32Array(operation.filters) }]]
  }))
}
