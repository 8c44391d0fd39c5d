import type { StoredWeight } from '../files/index.js'
import type { FlatLayer } from './flatten.js'
import { normalizationOf } from './normalization.js'
import { refuse } from './refusal.js'
import { functionOf } from './settings.js'
import { channelValues, eachChannel, type Affine, type ChannelValues } from './values.js'

type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide' | 'negate'

/** Keras's layers, Keras 3's operations, and TensorFlow's functions as Keras 2 names them. */
const ARITHMETIC: ReadonlyMap<string, Arithmetic> = new Map([
  ['TrueDivide', 'divide'], ['Divide', 'divide'], ['Subtract', 'subtract'], ['Multiply', 'multiply'], ['Add', 'add'],
  ['Negative', 'negate'],
  ['math.truediv', 'divide'], ['math.divide', 'divide'], ['__operators__.truediv', 'divide'], ['realdiv', 'divide'],
  ['math.subtract', 'subtract'], ['subtract', 'subtract'], ['__operators__.sub', 'subtract'],
  ['math.multiply', 'multiply'], ['multiply', 'multiply'], ['__operators__.mul', 'multiply'],
  ['math.add', 'add'], ['nn.bias_add', 'add'], ['add', 'add'], ['__operators__.add', 'add'],
  ['math.negative', 'negate'], ['__operators__.neg', 'negate']
])

/** The arithmetic that a layer does, with a constant or between tensors; undefined where it is of another kind. */
export function arithmeticOf ({ className, config }: FlatLayer): Arithmetic | undefined {
  return ARITHMETIC.get(functionOf({ className, config }))
}

/**
 * What a layer computes that maps each channel's value to another by a multiplication and an addition; undefined where it is of another
 * kind.
 * `channels` are its input's, `weightsOf` what the file keeps for it. Throws a WeightsError if its constants are not one number, or one a
 * channel.
 */
export async function affineOf (
  layer: FlatLayer, channels: number, weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
): Promise<Affine | undefined> {
  if (layer.className === 'Rescaling') {
    const { scale, offset = 0 } = layer.config
    return { scale: channelValues(layer, 'a scale', scale, channels), offset: channelValues(layer, 'an offset', offset, channels) }
  }
  if (layer.className === 'Normalization') return await normalizationOf(layer, channels, weightsOf)
  const arithmetic = arithmeticOf(layer)
  if (arithmetic === 'negate') return { scale: -1, offset: 0 }
  const constants = layer.operands.flatMap((operand) => 'constant' in operand ? [operand.constant] : [])
  if (arithmetic === undefined || constants.length === 0) return undefined
  if (constants.length !== 1 || layer.operands.length !== 2) {
    return refuse(layer, `reads ${layer.operands.length} operands, and two are needed`)
  }
  const isFirst = layer.operands[0] !== undefined && 'constant' in layer.operands[0]
  return withConstant(layer, arithmetic, channelValues(layer, 'a constant', constants[0], channels), isFirst)
}

function withConstant (layer: FlatLayer, arithmetic: Exclude<Arithmetic, 'negate'>, constant: ChannelValues, isFirst: boolean): Affine {
  switch (arithmetic) {
    case 'add': return { scale: 1, offset: constant }
    case 'subtract': return isFirst
      ? { scale: -1, offset: constant }
      : { scale: 1, offset: eachChannel([constant], ([value = 0]) => 0 - value) }
    case 'multiply': return { scale: constant, offset: 0 }
    case 'divide': {
      if (isFirst) refuse(layer, 'divides a constant by its input, which is no multiplication and addition')
      if ([constant].flat().includes(0)) refuse(layer, 'divides by zero')
      return { scale: eachChannel([constant], ([value = 1]) => 1 / value), offset: 0 }
    }
  }
}

/** One after the other, in float64. */
export function compose (first: Affine, second: Affine): Affine {
  return {
    scale: eachChannel([first.scale, second.scale], ([left = 0, right = 0]) => left * right),
    offset: eachChannel([first.offset, second.scale, second.offset], ([before = 0, scale = 0, offset = 0]) => before * scale + offset)
  }
}
