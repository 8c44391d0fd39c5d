import { sizeOf } from '../../model/weights.js'
import type { StoredWeight } from '../files/index.js'
import { refuse } from '../keras/refusal.js'
import { explicitPadding } from './attributes.js'
import type { Constant } from './constants.js'
import { named, windowOf } from './layers.js'
import type { Pattern } from './patterns.js'

/** A layer of Keras's with its weights, in Keras's order. */
export interface Weighted {
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  readonly weights: readonly StoredWeight[]
  /** Zeros around its map, where they are stated: [[top, bottom], [left, right]]. */
  readonly padding?: number[][]
}

/** The layer of a convolution or a dense product. `channels` are its input's. Throws a WeightsError about what is not supported. */
export function weightedLayer (
  { op, kernel, depthwise, bias, spread }: Extract<Pattern, { kind: 'weighted' }>, channels: number | undefined
): Weighted {
  const units = kernel.shape.at(-1) ?? 1
  const biases = bias === undefined ? [] : [stored(bias)]
  const config = { use_bias: bias !== undefined }
  if (op.op === 'MatMul') {
    const { transpose_a: first, transpose_b: second } = op.attributes
    if (first?.flag === true || kernel.shape.length !== 2) refuse(named(op), 'multiplies other than vectors by a matrix')
    const [matrix, width] = second?.flag === true ? [transposed(kernel), kernel.shape[0]] : [stored(kernel, kernel.shape), units]
    return { className: 'Dense', config: { ...config, units: width }, weights: [matrix, ...biases] }
  }
  const [height = 1, width = 1, depth = 1, multiplier = 1] = (depthwise?.kernel ?? kernel).shape
  const { padding, ...window } = windowOf(depthwise?.op ?? op)
  const stated = {
    ...config,
    kernel_size: [height, width],
    strides: window.strides,
    dilation_rate: spread?.dilation ?? window.dilation,
    padding: padding === 'explicit' ? 'valid' : padding
  }
  const zeros = spread?.padding ?? (padding === 'explicit' ? explicitPadding(depthwise?.op ?? op) : [])
  const around = zeros.flat().every((count) => count === 0) ? {} : { padding: zeros }
  if (depthwise !== undefined) {
    windowOf(op)
    const weights = [stored(depthwise.kernel, depthwise.kernel.shape), stored(kernel, kernel.shape), ...biases]
    return { className: 'SeparableConv2D', config: { ...stated, filters: units }, weights, ...around }
  }
  const weights = [stored(kernel, kernel.shape), ...biases]
  if (op.op === 'DepthwiseConv2dNative') {
    return { className: 'DepthwiseConv2D', config: { ...stated, depth_multiplier: multiplier }, weights, ...around }
  }
  return { className: 'Conv2D', config: { ...stated, filters: units, groups: Math.round((channels ?? depth) / depth) }, weights, ...around }
}

/** A batch normalization with its statistics. */
export async function normalizationLayer ({ statistics }: Extract<Pattern, { kind: 'normalization' }>): Promise<Weighted> {
  const { gamma, beta, mean, variance } = statistics
  const [epsilon] = await statistics.epsilon.read()
  return {
    className: 'BatchNormalization',
    config: { epsilon, scale: gamma !== undefined, center: beta !== undefined },
    weights: [gamma, beta, mean, variance].flatMap((constant) => constant === undefined ? [] : [stored(constant)])
  }
}

/** A constant as a weight of a file; a vector, unless a shape is given. */
export function stored (constant: Constant, shape: readonly number[] = [sizeOf(constant.shape)]): StoredWeight {
  return { name: constant.name, shape, read: async () => Float32Array.from(await constant.read()) }
}

function transposed ({ name, shape: [rows = 1, columns = 1], read }: Constant): StoredWeight {
  return {
    name,
    shape: [columns, rows],
    read: async () => {
      const numbers = await read()
      return Float32Array.from({ length: numbers.length }, (_, at) => numbers[at % rows * columns + Math.floor(at / rows)] ?? 0)
    }
  }
}
