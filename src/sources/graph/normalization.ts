import type { Constant } from './constants.js'

/** The statistics of a batch normalization that is spelled out: x * factor + (beta - mean * factor). */
export interface SpelledNormalization {
  readonly gamma: Constant | undefined
  readonly beta: Constant | undefined
  readonly mean: Constant
  readonly variance: Constant
  readonly epsilon: Constant
}

const ADDS = new Set(['Add', 'AddV2'])

/**
 * What tf.nn.batch_normalization made of a normalization's weights, from the factor and the summand of each channel; undefined where they
 * are something else.
 */
export function normalizationOf (factor: Constant, summand: Constant): SpelledNormalization | undefined {
  const [inverse, gamma] = factor.op === 'Mul' ? factor.operands : [factor, undefined]
  if (inverse?.op !== 'Rsqrt') return undefined
  const [sum] = inverse.operands
  const [variance, epsilon] = sum !== undefined && ADDS.has(sum.op) ? sum.operands : []
  const shift = shiftOf(summand, factor)
  if (variance === undefined || epsilon === undefined || shift === undefined) return undefined
  return { gamma, variance, epsilon, ...shift }
}

/** `beta - mean * factor`, or `-mean * factor`. */
function shiftOf (summand: Constant, factor: Constant): { readonly beta: Constant | undefined, readonly mean: Constant } | undefined {
  if (summand.op === 'Sub') {
    const [beta, product] = summand.operands
    const mean = product === undefined ? undefined : otherFactor(product, factor)
    return mean === undefined ? undefined : { beta, mean }
  }
  const negated = summand.op === 'Mul' ? otherFactor(summand, factor) : undefined
  const [mean] = negated?.op === 'Neg' ? negated.operands : []
  return mean === undefined ? undefined : { beta: undefined, mean }
}

function otherFactor ({ op, operands: [left, right] }: Constant, factor: Constant): Constant | undefined {
  if (op !== 'Mul') return undefined
  return right === factor ? left : left === factor ? right : undefined
}
