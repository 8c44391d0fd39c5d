import { OperatorError } from '../../base/errors.js'
import { existing } from '../../base/existing.js'
import type { ArchiveLimits } from './archive-limits.js'
import { openArchive } from './archive-source.js'
import { findDuplicates } from './duplicates.js'
import { kindOfFile } from './file-kind.js'
import { tablesHint, tablesOf } from './folders.js'
import { openFolder } from './folder-source.js'
import { layOut, type Layout, type LayoutOptions } from './layout.js'
import type { PictureSource } from './picture-source.js'
import { splitByClass } from './split.js'
import { survey, type Surveyed, type SurveyOptions } from './survey.js'
import { SPLITS, type Dataset, type Sample, type Shares, type Split, type Unreadable } from './types.js'
import { openZip } from './zip-source.js'

export interface DatasetOptions extends SurveyOptions, LayoutOptions {
  /** Larger files count as unreadable. */
  readonly maxImageBytes: number
  /** Where an archive's pictures are kept while the dataset is open. */
  readonly spoolFolder: string
  /** How a dataset that is not split is split. */
  readonly shares: Shares
  /** Whether somebody asked for these shares, which a dataset with splits of its own cannot give. */
  readonly sharesAreStated?: boolean
  readonly seed: number
}

/**
 * Opens pictures with their classes: a folder, or a .zip, .tar or .tgz of one, that holds a folder a class, with folders of splits around
 * those or not. Decodes every picture once. Throws an OperatorError if there is no such folder or archive, if its folders cannot be
 * understood, or if it has less than two classes with pictures to fit.
 */
export async function openDataset (path: string, options: DatasetOptions): Promise<Dataset> {
  const source = await openSource(path, options)
  try {
    return await readDataset(path, source, options)
  } catch (error) {
    await source.close()
    throw error
  }
}

/** The pictures of a folder, or of an archive of one, whatever their classes. Throws an OperatorError as `openDataset`. */
export async function openSource (path: string, options: ArchiveLimits): Promise<PictureSource> {
  const found = await existing(path)
  if (found === undefined) throw new OperatorError(`${path} cannot be read: there is no such file or folder.`)
  if (found.isDirectory()) return await openFolder(path, options.maxImageBytes)
  const kind = await kindOfFile(path)
  if (kind === 'zip') return await openZip(path, options)
  if (kind === undefined) return await openArchive(path, options)
  throw new OperatorError(`${path} is ${kind}, which is not read here: take a folder, a .zip, a .tar or a .tgz of pictures.`)
}

async function readDataset (path: string, source: PictureSource, options: DatasetOptions): Promise<Dataset> {
  const { others, folders } = source
  const layout = layOut({ pictures: source.pictures.map((picture) => picture.path), others, folders }, options)
  if (layout.isSplit && options.sharesAreStated) {
    throw new OperatorError(`--split is for pictures that are not split, and ${path} has folders of splits: leave it out.`)
  }
  const placed = source.pictures.filter((picture) => layout.places.has(picture.path))
  const { readable, unreadable } = await survey(placed, options)
  const classes = [...new Set(Array.from(layout.places.values(), ({ className }) => className))].sort()
  const samples = readable.map((picture) => labelled(picture, layout, classes)).sort(byContent)
  const splits = layout.isSplit ? statedSplits(samples, layout) : splitByClass(samples, options.shares, options.seed)
  const failed = unreadable.map((one) => ({ ...one, className: classOf(one.path, layout) }))
  demandClasses(path, { classes, tables: tablesOf(source) }, splits.train, failed)
  return {
    classes,
    splits: Object.fromEntries(SPLITS.map((split) => [split, [...splits[split]].sort(byContent)])) as unknown as Dataset['splits'],
    isSplit: layout.isSplit,
    unreadable: unreadable.sort((left, right) => left.path < right.path ? -1 : 1),
    ignored: [...others, ...layout.strays].sort(),
    notes: layout.notes,
    duplicates: findDuplicates(splits),
    close: source.close
  }
}

function labelled (picture: Surveyed, layout: Layout, classes: readonly string[]): Sample {
  return { ...picture, label: classes.indexOf(classOf(picture.path, layout) ?? '') }
}

function classOf (path: string, { places }: Layout): string | undefined {
  return places.get(path)?.className
}

/** Files that are the same and have the same class are not told apart. */
function byContent (left: Sample, right: Sample): number {
  if (left.hash !== right.hash) return left.hash < right.hash ? -1 : 1
  return left.label - right.label || (left.path < right.path ? -1 : 1)
}

function statedSplits (samples: readonly Sample[], { places }: Layout): Dataset['splits'] {
  const of = (split: Split): Sample[] => samples.filter(({ path }) => places.get(path)?.split === split)
  return { train: of('train'), validation: of('validation'), test: of('test') }
}

interface Found {
  readonly classes: readonly string[]
  readonly tables: readonly string[]
}

interface UnreadableOfClass extends Unreadable {
  readonly className: string | undefined
}

function demandClasses (
  path: string, { classes, tables }: Found, train: readonly Sample[], unreadable: readonly UnreadableOfClass[]
): void {
  if (classes.length < 2) {
    const found = classes.length === 0 ? 'no folder with pictures' : `one folder with pictures, ${classes[0]}`
    throw new OperatorError(`${path} has ${found}: it takes a folder of pictures for each of two or more classes` +
      `${tablesHint(tables)}.`)
  }
  const fitted = new Set(train.map(({ label }) => label))
  const missing = classes.find((_, label) => !fitted.has(label))
  if (missing === undefined) return
  const failed = unreadable.filter(({ className }) => className === missing)
  const [first] = failed
  const sentence = `${path} has no readable picture of ${JSON.stringify(missing)} to train with`
  if (first === undefined) throw new OperatorError(`${sentence}.`)
  const { path: failedPath, error: { code, message } } = first
  throw new OperatorError(`${sentence}; of ${failed.length} that cannot be read, ${failedPath}: ${code}: ${message}`)
}
