import { callApart } from '../base/apart/module-apart.js'
import type { Config } from '../config.js'
import { totalCounts } from '../model/counts.js'
import type { Model } from '../model/model.js'
import { isPresetName } from '../model/presets/index.js'
import { separableCosts, type SeparableCost } from '../model/separable.js'
import { showProgress } from '../sources/download-progress.js'
import { openModel } from '../sources/open.js'
import { PRESET_PREFIX } from '../sources/preset.js'
import type * as Measure from './measure.js'
import { MEASURED_BATCH_SIZES, type Measured } from './measure.js'
import { aligned, print, thousands } from './table.js'

const RATIO_DIGITS = 6
const MEASURING = { name: 'The process that measures' }
const MEASURE = new URL('./measure.js', import.meta.url)

export interface ComparisonOptions {
  readonly json: boolean
  /** Runs them, too. */
  readonly measure: boolean
}

interface Compared extends Partial<Measured> {
  readonly model: string
  readonly parameters: number
  readonly multiplyAdds: number
  readonly separableLayers: readonly SeparableCost[]
}

/**
 * Prints models side by side: what they cost, what each separable layer costs beside a standard convolution, and, where `measure`
 * says so, how fast they run. `names` are presets, with or without `preset:`, or anything else that MODEL takes. Throws an Error of
 * one sentence.
 */
export async function compareModels (config: Config, names: readonly string[], { json, measure }: ComparisonOptions): Promise<void> {
  const settings = names.map((name) => ({ ...config, modelName: '', model: isPresetName(name) ? `${PRESET_PREFIX}${name}` : name }))
  const models: Model[] = []
  for (const one of settings) models.push(await openModel(one, await showProgress()))
  const speeds = measure ? await callApart<typeof Measure, 'measureSpeed'>(MEASURE, 'measureSpeed', [settings], MEASURING) : []
  const compared = models.map(({ name, network }, index): Compared => ({
    model: name.startsWith(PRESET_PREFIX) ? name.slice(PRESET_PREFIX.length) : name,
    ...totalCounts(network.layers),
    ...speeds[index],
    separableLayers: separableCosts(network)
  }))
  if (json) process.stdout.write(`${JSON.stringify(compared, null, 2)}\n`)
  else printTables(compared, measure)
}

function printTables (compared: readonly Compared[], measured: boolean): void {
  print(aligned([
    ['model', 'parameters', 'multiply-adds', ...measured ? MEASURED_BATCH_SIZES.map((batchSize) => `images/s, batch ${batchSize}`) : []],
    ...compared.map(({ model, parameters, multiplyAdds, imagesPerSecond = {} }) => [
      model, thousands(parameters), thousands(multiplyAdds), ...Object.values(imagesPerSecond).map((speed) => speed.toFixed(1))
    ])
  ]))
  for (const { model, kernels, why } of compared) if (kernels !== undefined) print([[`${model} is computed by ${kernels}: ${why}`]])
  const rows = compared.flatMap(({ model, separableLayers }) => separableLayers.map(({ layer, kernel, filters, predicted, counted }) => [
    model, layer, kernel.join('x'), String(filters), predicted.toFixed(RATIO_DIGITS), counted.toFixed(RATIO_DIGITS)
  ]))
  if (rows.length === 0) return
  print([
    [],
    ['Multiply-adds of each separable layer as a share of the standard convolution\'s,'],
    ['predicted as 1/N + 1/Dk² for N filters and a kernel of side Dk, and counted:']
  ])
  print(aligned([['model', 'layer', 'kernel', 'filters', 'predicted', 'counted'], ...rows]))
}
