import type { StoredWeight } from '../files/index.js'
import { channelValues, eachChannel, type Affine } from './values.js'
import type { FlatLayer } from './flatten.js'
import { refuse } from './refusal.js'
import { demand } from './settings.js'

/** Keras divides by at least this (keras.config.epsilon). */
const SMALLEST_DEVIATION = 1e-7

/** Whether the configuration states mean and variance; an adapted Normalization keeps them among its weights. */
export function hasGivenStatistics ({ mean, variance }: Readonly<Record<string, unknown>>): boolean {
  return (mean ?? null) !== null && (variance ?? null) !== null
}

/**
 * What a Normalization computes: (x - mean) / deviation, or its inverse. `weightsOf` gives what the file keeps for it.
 * Throws a WeightsError if its statistics are not one number, or one a channel.
 */
export async function normalizationOf (
  layer: FlatLayer, channels: number, weightsOf: (layer: FlatLayer) => readonly StoredWeight[]
): Promise<Affine> {
  // Keras counts the batch dimension; none is one mean for all.
  demand(layer, 'axis', layer.config.axis, -1, [-1], 3, [3], [])
  const { mean: givenMean, variance: givenVariance, invert } = layer.config
  const given = hasGivenStatistics(layer.config)
  const [storedMean, storedVariance] = given ? [] : weightsOf(layer)
  const mean = channelValues(layer, 'a mean', given ? givenMean : await valuesOf(storedMean), channels)
  const variance = channelValues(layer, 'a variance', given ? givenVariance : await valuesOf(storedVariance), channels)
  if ([variance].flat().some((value) => value < 0)) refuse(layer, 'has a negative variance')
  const deviation = eachChannel([variance], ([value = 0]) => Math.max(Math.sqrt(value), SMALLEST_DEVIATION))
  if (invert === true) return { scale: deviation, offset: mean }
  return {
    scale: eachChannel([deviation], ([value = 1]) => 1 / value),
    offset: eachChannel([mean, deviation], ([value = 0, by = 1]) => (0 - value) / by)
  }
}

async function valuesOf (weight: StoredWeight | undefined): Promise<number[] | undefined> {
  return weight === undefined ? undefined : Array.from(await weight.read())
}
