import type { Folded } from '../../compiler/fold/fold.js'
import type { Quantization } from '../../model/quantization.js'
import type { ChannelStatistics, Range } from '../channel-statistics.js'
import { GraphProcess, type GraphProcessOptions } from '../graph-process.js'
import { quantizeLayer } from '../layer.js'
import type { Pixels } from '../pixels.js'
import { foldedWeight, separableLayers } from '../separable-layers.js'
import type { Moments } from '../statistics/normal.js'
import { Histograms } from './histograms.js'
import { clippingShift, leastSquaresRange } from './least-squares.js'
import { MomentSum } from './moment-sum.js'
import { samplingGraph, type SampledLayer } from './sampling-graph.js'

export interface CalibrationOptions extends GraphProcessOptions {
  /** Told of each picture. */
  readonly onPicture?: () => void
}

/** Values of each channel from which its range is chosen, about: enough that its tails show. */
const WANTED_SAMPLES = 50_000
/** Share of a range that is added on each side: other pictures go beyond what these few do, and clipping costs more than coarser levels. */
const ROOM = 0.5
/** Samples of a full-size network's layers are tens of megabytes an image. */
const BATCH = 2

export interface Calibration {
  /** Ranges and weights of all layers that can be computed in int8, by what their depthwise outputs are for the pictures. */
  readonly quantization: Quantization
  /** What each of these layers gives for the pictures, its bias included: over all of them and all positions. */
  readonly moments: ReadonlyMap<string, Moments>
}

/** Looks at what layers give for pictures, and chooses the ranges of int8 by that. */
export async function calibrate (folded: Folded, pictures: readonly Pixels[], options: CalibrationOptions): Promise<Calibration> {
  const gridSide = Math.max(1, Math.ceil(Math.sqrt(WANTED_SAMPLES / pictures.length)))
  const { savedModel, layers } = samplingGraph(folded, separableLayers(folded), gridSide)
  const histograms = new Map(layers.map((sampled) => [sampled, new Histograms(sampled.channels)]))
  const products = new Map(layers.map((sampled) => [sampled, new MomentSum(sampled.filters)]))
  const graph = await GraphProcess.start(savedModel, options)
  try {
    for (let first = 0; first < pictures.length; first += BATCH) {
      const batch = pictures.slice(first, first + BATCH)
      const { outputs: { features } } = await graph.run(batch, { outputs: ['features'] })
      if (features === undefined) throw new Error('the graph gave no samples')
      count(features.values, batch.length, histograms)
      addProducts(features.values, batch.length, products)
      batch.forEach(() => options.onPicture?.())
    }
  } finally {
    await graph.close()
  }
  return {
    quantization: new Map(Array.from(histograms, ([{ layer }, ofLayer]) => [
      layer.name, quantizeLayer(foldedWeight(folded, layer, 'pointwise_kernel'), statisticsOf(ofLayer))
    ])),
    moments: new Map(Array.from(products, ([{ layer }, sum]) => [layer.name, sum.moments(folded.weights.get(`${layer.name}/bias`)?.data)]))
  }
}

/** Samples of several images, one after the other. */
function count (samples: Float32Array, images: number, histograms: ReadonlyMap<SampledLayer, Histograms>): void {
  const length = samples.length / images
  for (let start = 0; start < samples.length; start += length) {
    for (const [{ begin, end }, ofLayer] of histograms) ofLayer.add(samples.subarray(start + begin, start + end))
  }
}

function addProducts (rows: Float32Array, images: number, sums: ReadonlyMap<SampledLayer, MomentSum>): void {
  const length = rows.length / images
  for (let start = 0; start < rows.length; start += length) {
    for (const [{ products, filters }, sum] of sums) {
      const begin = start + products
      sum.add(rows.subarray(begin, begin + filters), rows.subarray(begin + filters, begin + 2 * filters))
    }
  }
}

function statisticsOf (histograms: Histograms): ChannelStatistics[] {
  return Array.from({ length: histograms.channels }, (_, channel) => {
    const histogram = histograms.of(channel)
    const range = roomier(leastSquaresRange(histogram))
    const mean = histograms.mean(channel)
    return { ...range, mean, variance: histograms.variance(channel), keptMean: mean + clippingShift(histogram, range) }
  })
}

function roomier ({ low, high }: Range): Range {
  const room = ROOM * (high - low)
  return { low: low - room, high: high + room }
}
