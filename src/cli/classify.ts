import { readFile, stat } from 'node:fs/promises'
import { SingleBar } from 'cli-progress'
import { classify, type ImageResult } from '../service/classification.js'
import type { Upload } from '../service/inference.js'
import { LoadedModel, prepareProcess } from '../service/loaded-model.js'
import type { Config } from '../config.js'
import { ServiceError, toProblem } from '../base/errors.js'
import { Metrics } from '../telemetry/metrics.js'
import { openModel } from '../sources/open.js'
import { showProgress } from '../sources/download-progress.js'
import { findImages } from './files.js'

export interface ClassifyOptions {
  readonly config: Config
  readonly topK: number | undefined
  readonly json: boolean
}

const NUMBER_WIDTH = 8

/**
 * Classifies files through the same code as the service and prints a table, or JSON lines, in the order of the files.
 * Returns the number of images that failed. Throws an Error of one sentence if nothing can be classified at all.
 */
export async function classifyFiles (patterns: readonly string[], { config, topK, json }: ClassifyOptions): Promise<number> {
  const files = await findImages(patterns)
  const model = await openModel(config, showProgress())
  for (const warning of model.warnings) process.stderr.write(`${warning}\n`)
  prepareProcess(config)
  const loaded = await LoadedModel.open(config, model, { metrics: new Metrics() })
  const k = Math.min(topK ?? (files.length === 1 ? 5 : 1), loaded.labels.length)
  const print = json ? printJson : tablePrinter(files)
  const progress = startProgress(files.length)
  // Twice a batch: the engine has its next one ready while it works.
  const inFlight = Math.min(config.queueSize, 2 * loaded.maxBatchSize)
  let failed = 0
  try {
    const results = inOrder(files, inFlight, async (file) => [file, await classifyFile(file, loaded, k, config)] as const)
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

async function classifyFile (file: string, model: LoadedModel, k: number, config: Config): Promise<ImageResult> {
  const { results } = await classify(model, [await readUpload(file, config)], k, { signal: new AbortController().signal })
  return results[0] ?? { error: new ServiceError('internal_error', 'There is no result for this image.') }
}

async function readUpload (file: string, { maxImageBytes }: Config): Promise<Upload> {
  try {
    const { size } = await stat(file)
    if (size > maxImageBytes) {
      return new ServiceError('image_too_large', `The image has ${size} bytes; at most ${maxImageBytes} are accepted.`)
    }
    return await readFile(file)
  } catch (error) {
    return new ServiceError('no_image', `The file cannot be read: ${(error as Error).message}.`)
  }
}

/** Runs `work` on up to `concurrency` items at a time and yields the results in the items' order. */
async function * inOrder<T, R> (items: Iterable<T>, concurrency: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const pending: Array<Promise<R>> = []
  for (const item of items) {
    pending.push(work(item))
    const first = pending.length === concurrency ? pending.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const result of pending) yield await result
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
