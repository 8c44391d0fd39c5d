import type { GraphOp, GraphTensor } from '../files/index.js'
import { withoutOnes, type Constant, type Constants } from './constants.js'
import { normalizationOf, type SpelledNormalization } from './normalization.js'

/** Several operations that are one layer; the last of them stands for all. */
export type Pattern =
  | {
    readonly kind: 'weighted'
    readonly op: GraphOp
    readonly kernel: Constant
    /** The depthwise part of a separable convolution, and its kernel. */
    readonly depthwise: { readonly op: GraphOp, readonly kernel: Constant } | undefined
    /** Distance and zeros around the map, where both are spelled out around the convolution. */
    readonly spread: Spread | undefined
    readonly bias: Constant | undefined
    readonly input: GraphTensor
    readonly others: readonly GraphOp[]
  }
  | {
    readonly kind: 'normalization'
    readonly statistics: SpelledNormalization
    readonly input: GraphTensor
    readonly others: readonly GraphOp[]
  }
  | { readonly kind: 'silu', readonly input: GraphTensor, readonly others: readonly GraphOp[] }

/** What puts together every second position of a map, or fewer, as if they were neighbours, and sets them apart again. */
interface Spread {
  readonly dilation: readonly [number, number]
  /** [[top, bottom], [left, right]] */
  readonly padding: number[][]
}

/** A convolution, and what of the operations around it belongs to it. */
interface Spelled {
  readonly op: GraphOp
  readonly kernel: Constant
  readonly input: GraphTensor
  readonly spread: Spread | undefined
  readonly others: readonly GraphOp[]
}

const ADDS = new Set(['Add', 'AddV2', 'BiasAdd'])
const WEIGHTED = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul'])

/** Finds the layers that are spelled out as several operations. `isReadOnce` says whether nothing else reads what one gives. */
export class Patterns {
  constructor (private readonly constants: Constants, private readonly isReadOnce: (op: GraphOp) => boolean) {}

  /** The one that ends in an operation; undefined where it stands for itself. */
  endingIn (op: GraphOp): Pattern | undefined {
    return this.weighted(op) ?? this.normalization(op) ?? this.silu(op)
  }

  private weighted (last: GraphOp): Pattern | undefined {
    const summed = ADDS.has(last.op) ? this.withConstant(last) : undefined
    const isBiased = summed !== undefined && this.isReadOnce(summed.input.op)
    const found = isBiased ? this.spelledAt(summed.input.op) : this.spelledAt(last)
    if (found === undefined) return undefined
    const { op, kernel } = found
    const bias = isBiased ? summed.constant : undefined
    const units = op.op === 'DepthwiseConv2dNative' ? kernel.shape.slice(-2) : kernel.shape.slice(-1)
    if (bias !== undefined && withoutOnes(bias.shape).join() !== withoutOnes(units).join()) return undefined
    const depthwise = found.spread === undefined ? this.depthwiseOf(found) : undefined
    const ofDepthwise = depthwise === undefined ? [] : [depthwise.op, ...depthwise.others]
    const around = [...isBiased ? [summed.input.op] : [], ...found.others, ...ofDepthwise]
    return {
      kind: 'weighted',
      op,
      kernel,
      depthwise,
      bias,
      spread: (depthwise ?? found).spread,
      input: (depthwise ?? found).input,
      others: [...around, op].filter((one) => one !== last)
    }
  }

  /** The convolution, or the product, that an operation gives. */
  private spelledAt (last: GraphOp): Spelled | undefined {
    const isSetApart = last.op === 'BatchToSpaceND'
    const op = isSetApart ? last.inputs[0]?.op : last
    const [input, second] = op?.inputs ?? []
    const kernel = second === undefined ? undefined : this.constants.of(second)
    if (op === undefined || !WEIGHTED.has(op.op) || input === undefined || kernel === undefined) return undefined
    if (!isSetApart) return { op, kernel, input, spread: undefined, others: [] }
    const [source] = input.op.inputs
    const spread = input.op.op === 'SpaceToBatchND' && source !== undefined ? this.spreadOf(input.op, last) : undefined
    if (spread === undefined || source === undefined || !this.isReadOnce(op) || !this.isReadOnce(input.op)) return undefined
    return { op, kernel, input: source, spread, others: [input.op, last] }
  }

  private spreadOf (together: GraphOp, apart: GraphOp): Spread | undefined {
    const numbers = (op: GraphOp, index: number): readonly number[] => {
      const tensor = op.inputs[index]
      return (tensor === undefined ? undefined : this.constants.of(tensor)?.few) ?? []
    }
    const [down, right] = numbers(together, 1)
    const [top, bottom, left, end] = numbers(together, 2)
    // Rows and columns that fill up the last group of positions are cut off again.
    const [fromTop, fromBottom = 0, fromLeft, fromEnd = 0] = numbers(apart, 2)
    const isWhole = numbers(apart, 1).join() === numbers(together, 1).join() && fromTop === 0 && fromLeft === 0
    if (!isWhole || down === undefined || right === undefined || top === undefined || left === undefined) return undefined
    const padding = [[top, (bottom ?? 0) - fromBottom], [left, (end ?? 0) - fromEnd]]
    return padding.flat().every((count) => count >= 0) ? { dilation: [down, right], padding } : undefined
  }

  private depthwiseOf ({ op, kernel, input }: Spelled): Spelled | undefined {
    const strides = op.attributes.strides?.list?.integers ?? []
    const isPointwise = op.op === 'Conv2D' && kernel.shape.slice(0, 2).join() === '1,1' && strides.every((stride) => stride === 1)
    const own = isPointwise && this.isReadOnce(input.op) ? this.spelledAt(input.op) : undefined
    const isPair = own?.op.op === 'DepthwiseConv2dNative' && own.kernel.shape[3] === 1 && own.kernel.shape[2] === kernel.shape[2]
    return isPair ? own : undefined
  }

  private normalization (last: GraphOp): Pattern | undefined {
    const sum = last.op === 'AddV2' || last.op === 'Add' ? this.withConstant(last) : undefined
    const product = sum?.input.op.op === 'Mul' ? this.withConstant(sum.input.op) : undefined
    if (sum === undefined || product === undefined || !this.isReadOnce(sum.input.op)) return undefined
    const statistics = normalizationOf(product.constant, sum.constant)
    return statistics && { kind: 'normalization', statistics, input: product.input, others: [sum.input.op] }
  }

  /** x times its sigmoid. */
  private silu (last: GraphOp): Pattern | undefined {
    if (last.op !== 'Mul') return undefined
    const [left, right] = last.inputs
    for (const [input, factor] of [[left, right], [right, left]]) {
      const [source] = factor?.op.op === 'Sigmoid' ? factor.op.inputs : []
      const isOfInput = input !== undefined && source?.op === input.op && source.index === input.index
      if (isOfInput && factor !== undefined && this.isReadOnce(factor.op)) return { kind: 'silu', input, others: [factor.op] }
    }
    return undefined
  }

  /** The operands of an operation of a tensor and a constant, in either order. */
  private withConstant ({ inputs: [left, right] }: GraphOp): { readonly input: GraphTensor, readonly constant: Constant } | undefined {
    if (left === undefined || right === undefined) return undefined
    const [first, second] = [this.constants.of(left), this.constants.of(right)]
    if (first === undefined && second !== undefined) return { input: left, constant: second }
    return first !== undefined && second === undefined ? { input: right, constant: first } : undefined
  }
}
