import type { SavedModel } from '../../compiler/index.js'
import type { Agreement } from '../../quantize/agreement.js'
import type { Likeness } from '../../quantize/calibration/likeness.js'
import type { LayerError } from '../../quantize/keep.js'
import { countOf } from '../progress.js'
import { aligned, percent } from '../table.js'

/** One precision beside float32, on pictures that the ranges were not chosen by. */
export interface Measured {
  readonly precision: 'float32' | 'bfloat16' | 'int8'
  /** Size of the compiled graph with its weights, which the engine holds. */
  readonly bytes: number
  /** Time of a picture in batches of 8; null where none was held out, and of int8 that is simulated. */
  readonly milliseconds: number | null
  /** Null of float32 itself, and where none was held out. */
  readonly agreement: Agreement | null
}

/** What `quantization.json` holds. */
export interface QuantizationReport {
  readonly name: string
  readonly version: string
  /** The model that was quantized. */
  readonly from: string
  readonly ranges: 'pictures' | 'batch normalization'
  readonly pictures: { readonly calibration: number, readonly heldOut: number, readonly seed: number }
  /** How what the calibration's pictures give compares with the training; null without pictures or batch normalizations. */
  readonly likeness: Likeness | null
  /** What layers are computed in that are not in int8. */
  readonly rest: 'float32' | 'bfloat16'
  /** Whether int8 was computed by its kernels or, for want of them, simulated. */
  readonly isSimulated: boolean
  readonly int8Layers: readonly string[]
  readonly keptLayers: readonly string[]
  /** Error of each layer computed in int8 alone, on a quarter of the calibration's pictures, at most 24; empty without pictures. */
  readonly layerErrors: readonly LayerError[]
  readonly measured: readonly Measured[]
}

const MEGABYTE = 1e6
/** Layers that are shown, those that cost most. */
const MOST_SHOWN = 8

export function bytesOf ({ graph, weights }: SavedModel): number {
  return weights.reduce((sum, { length }) => sum + length, graph.length)
}

/** The report as rows of text for people. */
export function reportRows (report: QuantizationReport): string[][] {
  const { measured, int8Layers, keptLayers, rest } = report
  return [
    ...pictureRows(report),
    [`${int8Layers.length} layers in int8, ${keptLayers.length} of those that could be are left in ${rest}.`],
    ...aligned([
      ['precision', 'MB', 'ms a picture', 'same label', 'where clear', 'mean difference', 'largest', 'logit error'],
      ...measured.map(cellsOf)
    ]),
    ...layerRows(report)
  ]
}

/** By how many pictures all of it is said. */
function pictureRows ({ ranges, pictures: { calibration, heldOut }, likeness }: QuantizationReport): string[][] {
  if (ranges !== 'pictures') return [['Ranges follow from the batch normalizations; no picture judged what int8 costs.']]
  const judged = heldOut === 0 ? 'none was left to judge what int8 costs' : `judged by ${heldOut} others`
  const rows = [[`Ranges by ${countOf(calibration)}, ${judged}.`]]
  if (likeness === null) return rows
  const [spread, shift] = [likeness.spread.toFixed(2), likeness.shift.toFixed(2)]
  return [...rows, [`Within the network their variance is ${spread} of that in training, and their means are ${shift} deviations off.`]]
}

function layerRows ({ layerErrors, keptLayers, rest }: QuantizationReport): string[][] {
  if (layerErrors.length === 0) return []
  const costliest = [...layerErrors].sort((left, right) => right.logitError - left.logitError).slice(0, MOST_SHOWN)
  return [[], ...aligned([
    ['layer alone in int8', 'logit error', 'computed in'],
    ...costliest.map(({ layer, logitError }) => [layer, logitError.toFixed(4), keptLayers.includes(layer) ? rest : 'int8'])
  ])]
}

function cellsOf ({ precision, bytes, milliseconds, agreement }: Measured): string[] {
  const cells = [precision, (bytes / MEGABYTE).toFixed(1), milliseconds?.toFixed(1) ?? '-']
  if (agreement === null) return [...cells, '-', '-', '-', '-', '-']
  const { sameLabel, clearPictures, sameLabelWhereClear, meanDifference, largestDifference, logitError } = agreement
  return [
    ...cells, percent(sameLabel), clearPictures === 0 ? '-' : percent(sameLabelWhereClear),
    meanDifference.toFixed(5), largestDifference.toFixed(4), logitError.toFixed(4)
  ]
}
