import { fold } from '../compiler/fold/fold.js'
import type { Layer, Network } from '../model/network.js'
import type { Quantization } from '../model/quantization.js'
import type { Weights } from '../model/weights.js'
import type { ChannelStatistics } from './channel-statistics.js'
import { quantizeLayer } from './layer.js'
import { foldedWeight, separableLayers } from './separable-layers.js'
import { throughDepthwise } from './statistics/kernels.js'
import { momentsOf } from './statistics/moments.js'
import type { Moments } from './statistics/normal.js'

/** Standard deviations to each side of the mean that a range holds: values behind ReLUs have longer tails than normal ones. */
const DEVIATIONS = 8

/**
 * A quantization of all layers that can be computed in int8, without pictures: by what the batch normalizations of the network, which
 * is not folded yet, were trained to give.
 */
export function quantizationOf (network: Network, weights: Weights): Quantization {
  const folded = fold(network, weights)
  const moments = momentsOf(network, weights)
  const sources = sourcesOf(network, folded.network)
  return new Map(separableLayers(folded).map((layer) => {
    const input = moments.get(sources.get(layer.inputs[0] ?? '') ?? '')
    if (input === undefined) throw new Error(`nothing is known of what ${layer.name} reads`)
    const output = throughDepthwise(foldedWeight(folded, layer, 'depthwise_kernel'), input)
    return [layer.name, quantizeLayer(foldedWeight(folded, layer, 'pointwise_kernel'), statisticsOf(output))]
  }))
}

/** For each layer of a folded network, the one that gave the same before: the last of those that became part of it. */
export function sourcesOf ({ layers }: Network, folded: Network): ReadonlyMap<string, string> {
  const sources = new Map(folded.layers.map(({ name }) => [name, name]))
  const hosts = new Map(folded.layers.map((layer) => [layer.name, layer]))
  const readings = layers.flatMap(({ inputs }) => inputs)
  for (const { name, inputs: [input = ''] } of layers) {
    const host = hosts.get(input)
    if (hosts.has(name) || host === undefined || !hasWeights(host)) continue
    // What is read twice keeps its name, and what followed it became part of the layer after.
    if (readings.filter((reading) => reading === input).length > 1) continue
    hosts.set(name, host)
    sources.set(host.name, name)
  }
  return sources
}

function hasWeights ({ weights, operation }: Layer): boolean {
  return weights.length > 0 || operation.kind === 'affine'
}

function statisticsOf ({ mean, variance }: Moments): ChannelStatistics[] {
  return Array.from(mean, (center, channel) => {
    const reach = DEVIATIONS * Math.sqrt(variance[channel] ?? 0)
    return { low: center - reach, high: center + reach, mean: center, keptMean: center, variance: variance[channel] ?? 0 }
  })
}
