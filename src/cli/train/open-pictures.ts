import { join } from 'node:path'
import type { Config } from '../../config.js'
import {
  classesWithout, isBetweenSplits, isContradictory, kindsOf, listed, openDataset, SPLITS, type Dataset, type Shares
} from '../../train/data/index.js'
import type { PictureDecoder } from '../picture-decoder.js'
import { Progress, countOf } from '../progress.js'
import { say } from '../say.js'

/** Most lines of a kind on standard error; the report has all. */
const MOST_SAID = 20

export interface PictureOptions {
  readonly config: Config
  /** A folder or an archive. */
  readonly dataset: string
  readonly shares: Shares
  readonly sharesAreStated: boolean
  readonly foldersAreClasses: boolean
  readonly seed: number
}

/** Opens the pictures that are trained with and says what is odd about them. Throws an OperatorError as `openDataset`. */
export async function openPictures (options: PictureOptions, decoder: PictureDecoder): Promise<Dataset> {
  const { config, dataset, shares, sharesAreStated, foldersAreClasses, seed } = options
  let progress: Progress | undefined
  const pictures = await openDataset(dataset, {
    fingerprint: (file) => decoder.fingerprint(file),
    concurrency: 2 * config.decodeConcurrency,
    maxImageBytes: config.maxImageBytes,
    spoolFolder: join(config.cacheDir, 'archives'),
    shares,
    sharesAreStated,
    foldersAreClasses,
    seed,
    onFound: (count) => { progress = new Progress(count) },
    onSurveyed: (isReadable) => { progress?.add(!isReadable) }
  }).finally(() => { progress?.stop() })
  describe(pictures)
  return pictures
}

function describe (dataset: Dataset): void {
  const { classes, splits, isSplit, unreadable, ignored, duplicates, notes } = dataset
  const sizes = SPLITS.map((split) => `${splits[split].length} ${split}`).join(', ')
  say(`${classes.length} classes; pictures: ${sizes}${isSplit ? '' : ' (split from the seed)'}.`)
  notes.forEach(say)
  if (unreadable.length > 0) say(`${countOf(unreadable.length)} left out that cannot be read:`)
  sayEach(unreadable.map(({ path, error }) => `${path} is left out: ${error.code}: ${error.message}`))
  if (ignored.length > 0) {
    say(`${countOf(ignored.length, 'file')} left out (${kindsOf(ignored)}): no pictures by their names, or in no class's folder.`)
  }
  for (const split of ['validation', 'test'] as const) {
    const without = classesWithout(split, dataset)
    if (without.length > 0) say(`The ${split} split has no picture of ${listed(without)}, about which it says nothing.`)
  }
  sayEach(duplicates.filter((group) => isBetweenSplits(group) || isContradictory(group)).map((group) => {
    const members = group.members.map(({ path, split }) => `${path} (${split})`).join(', ')
    return `The same picture ${isBetweenSplits(group) ? 'in several splits' : 'with several classes'}: ${members}`
  }))
}

function sayEach (sentences: readonly string[]): void {
  for (const sentence of sentences.slice(0, MOST_SAID)) say(sentence)
  if (sentences.length > MOST_SAID) say(`and ${sentences.length - MOST_SAID} more, which the report lists.`)
}
