import type { StoredWeight } from '../files/index.js'
import type { FlatLayer } from './flatten.js'
import type { Statistics } from './scaling-operations.js'
import { channelValues, type ChannelValues } from './values.js'

/** Reads what an adapted Normalization keeps as weights: mean, variance, and how many pixels it saw. */
export async function readStatistics (layer: FlatLayer, [mean, variance]: readonly StoredWeight[]): Promise<Statistics> {
  return { mean: await channelsOf(layer, 'a mean', mean), variance: await channelsOf(layer, 'a variance', variance) }
}

async function channelsOf (layer: FlatLayer, what: string, weight: StoredWeight | undefined): Promise<ChannelValues> {
  return channelValues(layer, what, weight === undefined ? undefined : Array.from(await weight.read()))
}
