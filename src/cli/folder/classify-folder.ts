import { join } from 'node:path'
import { ENGINE_LOST } from '../../base/end-now.js'
import { OperatorError, SystemFailure } from '../../base/errors.js'
import { existing } from '../../base/existing.js'
import type { Config } from '../../config.js'
import type { Model } from '../../model/model.js'
import type { DecoderObserver } from '../../preprocess/index.js'
import type { Work } from '../../service/inference.js'
import { LoadedModel, prepareProcess } from '../../service/loaded-model.js'
import { showProgress } from '../../sources/download-progress.js'
import { openModel } from '../../sources/open.js'
import { Metrics } from '../../telemetry/metrics.js'
import { IMAGES_FAILED, OUTPUT_FAILED, interruptedBy } from '../exit-codes.js'
import { ImageFeed } from '../image-feed.js'
import { OutputError } from '../output-error.js'
import { DECODER_PATIENCE_MS } from '../picture-decoder.js'
import { picturesIn } from '../../base/picture-files.js'
import { Progress, countOf } from '../progress.js'
import { say } from '../say.js'
import { Interruption } from './interruption.js'
import { ResultFile } from './result-file.js'
import { formatLine } from './result-line.js'
import { isInShard, type Shard } from './shard.js'

export interface ClassifyFolderOptions {
  readonly config: Config
  readonly folder: string
  /** Path of the file of results. */
  readonly output: string
  readonly topK: number
  readonly shard: Shard
  readonly crop: Work['crop']
}

/** What one run works with. */
interface Run {
  readonly options: ClassifyFolderOptions
  readonly model: Model
  /** Predictions a picture. */
  readonly k: number
  readonly results: ResultFile
  /** Aborted, with the reason, by what leaves nothing to go on with. */
  readonly failure: AbortController
  readonly interruption: Interruption
  /** Folders of which nothing is known. */
  readonly unreadable: Set<string>
}

/** What became of a run that reached its end, or was asked to end. */
interface Outcome {
  readonly signal: NodeJS.Signals | undefined
  readonly failed: number
  readonly left: number
}

const NOTHING_LEFT: Outcome = { signal: undefined, failed: 0, left: 0 }

/**
 * Classifies the pictures of a folder, or of one shard of it, that have no line in the output yet, and adds a line for each as
 * soon as it is done. Returns the exit code. Throws an OperatorError if it cannot begin.
 */
export async function classifyFolder (options: ClassifyFolderOptions): Promise<number> {
  const { config, folder, output, shard } = options
  if ((await existing(folder))?.isDirectory() !== true) throw new OperatorError(`${folder} is not a folder.`)
  const interruption = new Interruption()
  const model = await openModel(config, await showProgress())
  for (const warning of model.warnings) say(warning)
  const k = Math.min(options.topK, model.labels.length)
  const failure = new AbortController()
  const results = await ResultFile.open(output, {
    run: { model, k, shard },
    onWait: () => { say(`${output} is locked: waiting, in case by a process that is gone`) },
    onLost: (error) => { failure.abort(error) }
  })
  try {
    const code = await classifyRest({ options, model, k, results, failure, interruption, unreadable: new Set() })
    await results.close()
    return code
  } catch (error) {
    await results.close().catch((closing: Error) => { if (!(error instanceof OutputError)) say(closing.message) })
    return codeOf(error)
  }
}

function codeOf (error: unknown): number {
  if (!(error instanceof OutputError || error instanceof SystemFailure)) throw error
  say(error.message)
  return error instanceof OutputError ? OUTPUT_FAILED : ENGINE_LOST
}

async function classifyRest (run: Run): Promise<number> {
  const { options: { output }, results: { earlier }, unreadable } = run
  const left = await countRest(run)
  if (earlier.done.size > 0) say(`${output} has ${countOf(earlier.done.size)} already; what is left: ${left}.`)
  const outcome = left === 0 ? NOTHING_LEFT : await classifyAll(run, left)
  if (outcome.signal !== undefined) {
    say(`Stopped by ${outcome.signal}: ${countOf(outcome.left)} left. Run the command again to go on.`)
    return interruptedBy(outcome.signal)
  }
  return earlier.failed + outcome.failed + unreadable.size > 0 ? IMAGES_FAILED : 0
}

async function countRest (run: Run): Promise<number> {
  const pictures = rest(run)
  let count = 0
  while ((await pictures.next()).done !== true) count++
  for (const folder of run.unreadable) say(`${join(run.options.folder, folder)} cannot be read, and its pictures are left out.`)
  return count
}

/** The pictures that have no line yet. */
async function * rest ({ options: { folder, shard }, results: { earlier }, unreadable }: Run): AsyncGenerator<string> {
  for await (const path of picturesIn(folder, (below) => { unreadable.add(below) })) {
    if (isInShard(path, shard) && !earlier.done.has(path)) yield path
  }
}

async function classifyAll (run: Run, left: number): Promise<Outcome> {
  const { options: { config }, model, failure, interruption } = run
  prepareProcess()
  const loaded = await LoadedModel.open(config, model, {
    metrics: new Metrics(), workerObserver: observer(failure), decoderPatienceMs: DECODER_PATIENCE_MS, decoderObserver: DECODER_OBSERVER
  })
  const progress = new Progress(left)
  interruption.finishFirst()
  try {
    await feedAll(run, loaded, progress)
  } finally {
    progress.stop()
  }
  say(progress.summary)
  await loaded.close()
  return { signal: interruption.signal, failed: progress.failed, left: progress.left }
}

async function feedAll (run: Run, loaded: LoadedModel, progress: Progress): Promise<void> {
  const { options: { config, folder }, model, k, results, failure, interruption } = run
  const feed = new ImageFeed(loaded, config, failure.signal, run.options.crop)
  const pictures = rest(run)
  const classifyNext = async (): Promise<void> => {
    while (interruption.signal === undefined) {
      const next = await pictures.next()
      if (next.done === true) return
      const result = await feed.classify(join(folder, next.value), k)
      await results.append(formatLine(next.value, model, result))
      progress.add('error' in result)
    }
  }
  await Promise.all(Array.from({ length: feed.concurrency }, async () => {
    await classifyNext().catch((error: unknown) => { failure.abort(error) })
  }))
  failure.signal.throwIfAborted()
}

const DECODER_OBSERVER: DecoderObserver = {
  broke: ({ message }) => { say(`No picture can be decoded, and that is tried again: ${message}`) },
  recovered: () => { say('Pictures can be decoded again.') }
}

function observer (failure: AbortController) {
  return {
    failed: (reason: Error) => { say(`A worker failed and is replaced: ${reason.message}`) },
    notReplaced: (reason: Error) => { say(`A worker could not be replaced, and is tried again: ${reason.message}`) },
    lost: (reason: Error) => { failure.abort(new SystemFailure(`The engine is lost: ${reason.message}`)) }
  }
}
