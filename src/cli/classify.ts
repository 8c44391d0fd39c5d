import { SingleBar } from 'cli-progress'
import type { ImageResult } from '../service/classification.js'
import type { Work } from '../service/inference.js'
import { LoadedModel, prepareProcess } from '../service/loaded-model.js'
import type { Config } from '../config.js'
import { toProblem } from '../contract/problems.js'
import { Metrics } from '../telemetry/metrics.js'
import { openModel } from '../sources/open.js'
import { showProgress } from '../sources/download-progress.js'
import { findImages } from './files.js'
import { ImageFeed } from './image-feed.js'
import { inOrder } from '../base/in-order.js'
import { DECODER_PATIENCE_MS } from './picture-decoder.js'

export interface ClassifyOptions {
  readonly config: Config
  readonly topK: number | undefined
  readonly json: boolean
  readonly crop: Work['crop']
}

const NUMBER_WIDTH = 8

/**
 * Classifies files through the same code as the service and prints a table, or JSON lines, in the order of the files.
 * Returns the number of images that failed. Throws an Error of one sentence if nothing can be classified at all.
 */
export async function classifyFiles (patterns: readonly string[], { config, topK, json, crop }: ClassifyOptions): Promise<number> {
  const files = await findImages(patterns)
  const model = await openModel(config, await showProgress())
  for (const warning of model.warnings) process.stderr.write(`${warning}\n`)
  prepareProcess()
  const loaded = await LoadedModel.open(config, model, { metrics: new Metrics(), decoderPatienceMs: DECODER_PATIENCE_MS })
  const k = Math.min(topK ?? (files.length === 1 ? 5 : 1), loaded.facts.labels.length)
  const print = json ? printJson : tablePrinter(files)
  const progress = startProgress(files.length)
  const feed = new ImageFeed(loaded, config, new AbortController().signal, crop)
  let failed = 0
  try {
    const results = inOrder(files, feed.concurrency, async (file) => [file, await feed.classify(file, k)] as const)
    for await (const [file, result] of results) {
      if ('error' in result) failed++
      print(file, result)
      progress?.increment()
    }
  } finally {
    progress?.stop()
    await loaded.close()
  }
  return failed
}

function printJson (file: string, result: ImageResult): void {
  const body = 'error' in result ? { error: toProblem(result.error) } : { predictions: result.predictions }
  process.stdout.write(`${JSON.stringify({ file, ...body })}\n`)
}

function tablePrinter (files: readonly string[]): (file: string, result: ImageResult) => void {
  const width = Math.max(...files.map((file) => file.length))
  return (file, result) => {
    const rows = 'error' in result
      ? [`${'failed'.padStart(NUMBER_WIDTH)}  ${result.error.code}: ${result.error.message}`]
      : result.predictions.map(({ label, probability }) => `${probability.toFixed(4).padStart(NUMBER_WIDTH)}  ${label}`)
    rows.forEach((row, index) => process.stdout.write(`${(index === 0 ? file : '').padEnd(width)} ${row}\n`))
  }
}

/** A bar where the results go elsewhere; on the same terminal they show the progress themselves. */
function startProgress (total: number): SingleBar | undefined {
  if (total === 1 || process.stdout.isTTY || !process.stderr.isTTY) return undefined
  const bar = new SingleBar({ format: '{bar} {value} of {total} images, {eta_formatted} left', stream: process.stderr })
  bar.start(total, 0)
  return bar
}
