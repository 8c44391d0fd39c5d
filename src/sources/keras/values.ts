import { refuse, type NamedLayer } from './refusal.js'

/** One number for all channels, or one a channel. */
export type ChannelValues = number | readonly number[]

/** x * scale + offset. */
export interface Affine {
  readonly scale: ChannelValues
  readonly offset: ChannelValues
}

/** Lists that nest deeper are no constant of a feature map. */
const MAX_RANK = 4

/**
 * Reads a constant of a configuration: a number, nested lists, or Keras 3's `__numpy__` and `__tensor__` objects.
 * Throws a WeightsError if it is not one number, or one a channel.
 */
export function channelValues (layer: NamedLayer, what: string, value: unknown, channels: number): ChannelValues {
  const numbers = innermost(value)
  const [first] = numbers
  if (numbers.length === 1 && first !== undefined) return first
  if (numbers.length === channels) return shortest(numbers)
  return refuse(layer, `has ${what} that is neither one number nor one for each of ${channels} channel${channels === 1 ? '' : 's'}`)
}

/** Computes a number for each channel that one of the values has; one number where all are one number. */
export function eachChannel (values: readonly ChannelValues[], compute: (numbers: readonly number[]) => number): ChannelValues {
  const length = Math.max(...values.map((value) => [value].flat().length))
  return shortest(
    Array.from({ length }, (_, channel) => compute(values.map((value) => typeof value === 'number' ? value : value[channel] ?? 0)))
  )
}

/** One number where all channels have the same. */
function shortest (numbers: readonly number[]): ChannelValues {
  const [first = 0] = numbers
  return numbers.every((value) => value === first) ? first : numbers
}

/** The numbers of a list in which only the last dimension is longer than 1; none where it is something else. */
function innermost (value: unknown): readonly number[] {
  let list: unknown = unwrapped(value)
  for (let rank = 1; rank < MAX_RANK && Array.isArray(list) && list.length === 1; rank++) list = unwrapped(list[0])
  const numbers: unknown[] = (Array.isArray(list) ? list : [list]).map(unwrapped)
  return numbers.every((number): number is number => typeof number === 'number' && Number.isFinite(number)) ? numbers : []
}

function unwrapped (value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'config' in value && typeof value.config === 'object' && value.config !== null &&
    'value' in value.config
    ? value.config.value
    : value
}
