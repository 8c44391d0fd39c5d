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
    const op = WEIGHTED.has(last.op) ? last : summed?.input.op
    const [input, second] = op?.inputs ?? []
    const kernel = second === undefined ? undefined : this.constants.of(second)
    if (op === undefined || !WEIGHTED.has(op.op) || input === undefined || kernel === undefined) return undefined
    const bias = op === last ? undefined : summed?.constant
    const units = op.op === 'DepthwiseConv2dNative' ? kernel.shape.slice(-2) : kernel.shape.slice(-1)
    const isBias = bias === undefined || withoutOnes(bias.shape).join() === withoutOnes(units).join()
    if (!isBias || (op !== last && !this.isReadOnce(op))) return undefined
    const depthwise = this.depthwiseOf(op, kernel, input)
    return {
      kind: 'weighted',
      op,
      kernel,
      depthwise,
      bias,
      input: depthwise?.op.inputs[0] ?? input,
      others: [...op === last ? [] : [op], ...depthwise === undefined ? [] : [depthwise.op]]
    }
  }

  private depthwiseOf (op: GraphOp, kernel: Constant, { op: source }: GraphTensor) {
    const strides = op.attributes.strides?.list?.integers ?? []
    const isPointwise = op.op === 'Conv2D' && kernel.shape.slice(0, 2).join() === '1,1' && strides.every((stride) => stride === 1)
    const [, second] = source.inputs
    const own = source.op === 'DepthwiseConv2dNative' && second !== undefined ? this.constants.of(second) : undefined
    const isPair = isPointwise && own?.shape[3] === 1 && own.shape[2] === kernel.shape[2] && this.isReadOnce(source)
    return isPair ? { op: source, kernel: own } : undefined
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
