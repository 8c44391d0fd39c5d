import { channelsOf } from '../../model/shapes.js'
import type { Value, Values } from './values.js'

/** One number for all channels, or one a channel. */
type Numbers = number | readonly number[]

interface Affine { readonly scale: Numbers, readonly offset: Numbers }

/** TensorFlow multiplies with scale / sqrt(variance + epsilon): with these two, exactly with scale. CuDNN takes no epsilon below 1e-5. */
const EPSILON = 2 ** -13
const VARIANCE = 1 - EPSILON

/** value * scale + offset, each left out where it changes nothing. Throws an Error where there are not as many numbers as channels. */
export function affine (name: string, value: Value, { scale, offset }: Affine, values: Values): Value {
  const { steps } = values
  const channels = channelsOf(value.shape)
  const constant = (what: string, numbers: Numbers): string => {
    const list = typeof numbers === 'number' ? Float32Array.of(numbers) : Float32Array.from(numbers)
    if (list.length !== 1 && list.length !== channels) throw new Error(`${name} has ${list.length} numbers for ${channels} channels`)
    return steps.numbers(`${name}/${what}`, value.type, [list.length], list)
  }
  const scaled = isAll(scale, 1) ? value.step : steps.binary(`${name}/scaled`, 'Mul', value.step, constant('scale', scale), value.type)
  const step = isAll(offset, 0) ? scaled : steps.binary(name, 'AddV2', scaled, constant('offset', offset), value.type)
  return { ...value, step }
}

/** The same for a feature map in one op, which computes in float32 and rounds once. */
export function affineOfMap (name: string, value: Value, { scale, offset }: Affine, values: Values): Value {
  const map = values.spatial(value)
  const channels = channelsOf(map.shape)
  const constants = Object.entries({ scale, offset, mean: 0, variance: VARIANCE }).map(([what, numbers]) => {
    const list = typeof numbers === 'number' ? new Float32Array(channels).fill(numbers) : Float32Array.from(numbers)
    return values.steps.numbers(`${name}/${what}`, 'float32', [channels], list)
  })
  return { ...map, step: values.steps.add(name, map.type, [map.step, ...constants], { op: 'FusedBatchNormV3', epsilon: EPSILON }) }
}

function isAll (numbers: Numbers, expected: number): boolean {
  return typeof numbers === 'number' ? numbers === expected : numbers.every((number) => number === expected)
}
