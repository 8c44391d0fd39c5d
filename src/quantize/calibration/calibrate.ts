import type { Folded } from '../../compiler/fold/fold.js'
import type { Quantization } from '../../model/quantization.js'
import type { ChannelStatistics, Range } from '../channel-statistics.js'
import { GraphProcess, type GraphProcessOptions } from '../graph-process.js'
import { quantizeLayer } from '../layer.js'
import type { Pixels } from '../pixels.js'
import { foldedWeight, separableLayers } from '../separable-layers.js'
import { Histograms } from './histograms.js'
import { clippingShift, leastSquaresRange } from './least-squares.js'
import { samplingGraph, type SampledLayer } from './sampling-graph.js'

export interface CalibrationOptions extends GraphProcessOptions {
  /** Told of each picture. */
  readonly onPicture?: () => void
}

/** Values of each channel from which its range is chosen, about: enough that its tails show. */
const WANTED_SAMPLES = 50_000
/** Of a range, added on each side: other pictures go beyond what these few do, and clipping costs more than coarser levels. */
const ROOM = 0.5
/** Samples of a full-size network's layers are tens of megabytes an image. */
const BATCH = 2

/** A quantization of all layers that can be computed in int8, by what their depthwise outputs are for these pictures. */
export async function calibrate (folded: Folded, pictures: readonly Pixels[], options: CalibrationOptions): Promise<Quantization> {
  const gridSide = Math.max(1, Math.ceil(Math.sqrt(WANTED_SAMPLES / pictures.length)))
  const { savedModel, layers } = samplingGraph(folded, separableLayers(folded), gridSide)
  const histograms = new Map(layers.map((sampled) => [sampled, new Histograms(sampled.channels)]))
  const graph = await GraphProcess.start(savedModel, options)
  try {
    for (let first = 0; first < pictures.length; first += BATCH) {
      const batch = pictures.slice(first, first + BATCH)
      const { outputs: { features } } = await graph.run(batch, { outputs: ['features'] })
      if (features === undefined) throw new Error('the graph gave no samples')
      count(features.values, batch.length, histograms)
      batch.forEach(() => options.onPicture?.())
    }
  } finally {
    await graph.close()
  }
  return new Map(Array.from(histograms, ([{ layer }, ofLayer]) => [
    layer.name, quantizeLayer(foldedWeight(folded, layer, 'pointwise_kernel'), statisticsOf(ofLayer))
  ]))
}

/** Samples of several images, one after the other. */
function count (samples: Float32Array, images: number, histograms: ReadonlyMap<SampledLayer, Histograms>): void {
  const length = samples.length / images
  for (let start = 0; start < samples.length; start += length) {
    for (const [{ begin, end }, ofLayer] of histograms) ofLayer.add(samples.subarray(start + begin, start + end))
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
