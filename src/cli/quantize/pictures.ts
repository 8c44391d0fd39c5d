import { join } from 'node:path'
import { OperatorError, ServiceError } from '../../base/errors.js'
import { inOrder } from '../../base/in-order.js'
import { Random } from '../../base/random.js'
import type { Config } from '../../config.js'
import type { InputSpec } from '../../model/input.js'
import type { Pixels } from '../../quantize/pixels.js'
import { openSource, type PictureFile } from '../../train/data/index.js'
import { shuffled } from '../../train/fit/chance.js'
import { pictureDecoder, type PictureDecoder } from '../picture-decoder.js'
import { Progress } from '../progress.js'
import { say } from '../say.js'

/** Pictures that ranges are chosen by, and those that say what it costs. */
export interface DecodedPictures {
  readonly calibration: readonly Pixels[]
  readonly heldOut: readonly Pixels[]
}

/** More change the ranges of no channel that matters, and all are in memory. */
const MOST_CALIBRATING = 256
const MOST_HELD_OUT = 512
const HELD_OUT_SHARE = 1 / 3

/**
 * Decodes the pictures of a folder or archive, in an order that the seed decides: a third is held out. Those that cannot be read are
 * said and left out. Throws an OperatorError if there is no such folder or archive, or no picture that can be read.
 */
export async function decodePictures (path: string, seed: number, config: Config, input: InputSpec): Promise<DecodedPictures> {
  const source = await openSource(path, { maxImageBytes: config.maxImageBytes, spoolFolder: join(config.cacheDir, 'archives') })
  try {
    const sorted = [...source.pictures].sort((left, right) => left.path < right.path ? -1 : 1)
    const files = Array.from(shuffled(sorted.length, new Random(seed)), (index) => sorted[index] as PictureFile)
    const readable = await decodeAll(files.slice(0, MOST_CALIBRATING + MOST_HELD_OUT), config, input)
    if (readable.length === 0) throw new OperatorError(`${path} has no picture that can be read.`)
    const heldOut = Math.max(readable.length - MOST_CALIBRATING, Math.floor(readable.length * HELD_OUT_SHARE))
    return { calibration: readable.slice(heldOut), heldOut: readable.slice(0, heldOut) }
  } finally {
    await source.close()
  }
}

async function decodeAll (files: readonly PictureFile[], config: Config, input: InputSpec): Promise<Pixels[]> {
  const decoder = pictureDecoder(config, input)
  const progress = new Progress(files.length)
  const decoded: Pixels[] = []
  const failures: string[] = []
  try {
    for await (const [path, pixels] of inOrder(files, 2 * config.decodeConcurrency, async (file) => (
      [file.path, await decodedOr(file.read, decoder)] as const
    ))) {
      if (pixels instanceof ServiceError) failures.push(`${path} is left out: ${pixels.code}: ${pixels.message}`)
      else decoded.push(pixels)
      progress.add(pixels instanceof ServiceError)
    }
  } finally {
    progress.stop()
  }
  failures.forEach(say)
  return decoded
}

async function decodedOr (read: PictureFile['read'], decoder: PictureDecoder): Promise<Pixels | ServiceError> {
  const file = await read()
  if (file instanceof ServiceError) return file
  try {
    return await decoder.decode(file)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}
