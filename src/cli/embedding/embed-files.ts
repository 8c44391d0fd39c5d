import { OperatorError } from '../../base/errors.js'
import type { Config } from '../../config.js'
import { networkOutputs } from '../../model/outputs.js'
import { checkEmbeddable, unitLength } from '../../service/embedding.js'
import { LoadedModel, prepareProcess } from '../../service/loaded-model.js'
import { showProgress } from '../../sources/download-progress.js'
import { openModel } from '../../sources/open.js'
import { Metrics } from '../../telemetry/metrics.js'
import { findImages } from '../files.js'
import { ImageFeed } from '../image-feed.js'
import { inOrder } from '../../base/in-order.js'
import { DECODER_PATIENCE_MS } from '../picture-decoder.js'
import { Progress } from '../progress.js'
import { say } from '../say.js'
import { JsonLinesWriter, NpyWriter, type FeatureWriter } from './feature-writer.js'

export interface EmbedOptions {
  readonly config: Config
  /** Path that ends with `.npy` or `.jsonl`. */
  readonly output: string
  /** Scales each image's features to the length 1. */
  readonly normalize: boolean
}

/**
 * Writes the pooled features of files, in their order. Returns the number of images that failed. Throws an OperatorError if
 * nothing can be computed at all, a ServiceError `not_embeddable` if the network pools nothing, and an OutputError if the output
 * cannot be written; there is none then.
 */
export async function embedFiles (patterns: readonly string[], { config, output, normalize }: EmbedOptions): Promise<number> {
  if (!/\.(?:npy|jsonl)$/.test(output)) throw new OperatorError(`${output} ends neither with .npy nor with .jsonl`)
  const files = await findImages(patterns)
  checkNames(files, output)
  const model = await openModel(config, await showProgress())
  for (const warning of model.warnings) say(warning)
  checkEmbeddable({ offers: networkOutputs(model.network) })
  prepareProcess()
  const loaded = await LoadedModel.open(config, model, { metrics: new Metrics(), decoderPatienceMs: DECODER_PATIENCE_MS })
  const writer = await openWriter(output)
  try {
    const failed = await embedAll(files, new ImageFeed(loaded, config, new AbortController().signal), { writer, normalize })
    await writer.finish()
    return failed
  } catch (error) {
    await writer.abandon()
    throw error
  } finally {
    await loaded.close()
  }
}

function checkNames (files: readonly string[], output: string): void {
  const broken = files.find((file) => /[\r\n]/.test(file))
  if (broken === undefined || !output.endsWith('.npy')) return
  throw new OperatorError(`${JSON.stringify(broken)} has a line break, which a list of names cannot hold: write .jsonl instead`)
}

async function openWriter (output: string): Promise<FeatureWriter> {
  if (output.endsWith('.jsonl')) return await JsonLinesWriter.open(output)
  return await NpyWriter.open(output, (file, { code, message }) => { say(`${file}: ${code}: ${message}`) })
}

async function embedAll (
  files: readonly string[], feed: ImageFeed, { writer, normalize }: { writer: FeatureWriter, normalize: boolean }
): Promise<number> {
  const progress = new Progress(files.length)
  try {
    const results = inOrder(files, feed.concurrency, async (file) => [file, await feed.embed(file)] as const)
    for await (const [file, result] of results) {
      if ('error' in result) await writer.fail(file, result.error)
      else await writer.add(file, normalize ? unitLength(result.embedding) : result.embedding)
      progress.add('error' in result)
    }
  } finally {
    progress.stop()
  }
  say(progress.summary)
  return progress.failed
}
