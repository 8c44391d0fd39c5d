import { refuse, type NamedLayer } from './refusal.js'

const CHANNELS = 3

/** One number for all channels, or one a channel. */
export type ChannelValues = readonly [number, number, number]

/**
 * Reads a constant of a configuration: a number, nested lists, or Keras 3's `__numpy__` and `__tensor__` objects.
 * Throws a WeightsError if it is not one number, or one a channel.
 */
export function channelValues (layer: NamedLayer, what: string, value: unknown): ChannelValues {
  const numbers = flatNumbers(value)
  const [first, second, third] = numbers
  if (numbers.length === 1 && first !== undefined) return [first, first, first]
  if (numbers.length === CHANNELS && first !== undefined && second !== undefined && third !== undefined) return [first, second, third]
  return refuse(layer, `has ${what} that is neither one number nor one for each of ${CHANNELS} channels`)
}

/** All numbers of a value in order; none if a part of it is something else. */
function flatNumbers (value: unknown): number[] {
  const numbers = (Array.isArray(value) ? value : [value]).flat(4).map((entry: unknown) => isWrapped(entry) ? entry.config.value : entry).flat(4)
  return numbers.every((number): number is number => typeof number === 'number' && Number.isFinite(number)) ? numbers : []
}

function isWrapped (value: unknown): value is { config: { value: unknown } } {
  return typeof value === 'object' && value !== null && 'config' in value && typeof value.config === 'object' && value.config !== null && 'value' in value.config
}
