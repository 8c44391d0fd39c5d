import { OperatorError } from '../../base/errors.js'
import { bareFolders } from './bare-folders.js'
import { below, foldersOf, listed, tablesOf, wrappingFolders, type Listing } from './folders.js'
import { readSplits, refuseInnerSplits, type Placed } from './stated-splits.js'
import type { Split } from './types.js'

/** Where a picture stands in a dataset. */
export interface Standing {
  /** Undefined where the dataset is not split. */
  readonly split: Split | undefined
  readonly className: string
}

export interface Layout {
  /** By path. */
  readonly places: ReadonlyMap<string, Standing>
  /** Whether folders state the splits: train, and another one with pictures of classes. */
  readonly isSplit: boolean
  /** Paths of pictures that belong to no class. */
  readonly strays: readonly string[]
  /** What is odd, in sentences. */
  readonly notes: readonly string[]
}

export interface LayoutOptions {
  /** Each folder is a class, whatever its name. */
  readonly foldersAreClasses?: boolean
}

/**
 * Makes sense of the paths of pictures: a folder a class, with folders of splits around them or not. A single folder around everything,
 * as archives have one, is looked through. What is deeper in the folder of a class belongs to it. Throws an OperatorError where a folder
 * looks like a split and is not used as one, where classes differ by case alone, and where a class's folder has nothing for a class.
 */
export function layOut (listing: Listing, { foldersAreClasses = false }: LayoutOptions = {}): Layout {
  const all = listing.pictures.map((path) => ({ path, folders: foldersOf(path) }))
  const around = wrappingFolders(all.map(({ folders }) => folders))
  const inside = below(all, around)
  const splits = foldersAreClasses ? undefined : readSplits(inside, tablesOf(listing))
  const placed = splits?.placed ?? inside.map((found) => ({ ...found, split: undefined }))
  if (!foldersAreClasses) refuseInnerSplits(placed)
  const places = new Map<string, Standing>()
  for (const { path, split, folders: [className] } of placed) {
    if (className !== undefined) places.set(path, { split, className: className.normalize('NFC') })
  }
  const classes = new Set(Array.from(places.values(), ({ className }) => className))
  refuseAlike([...classes].sort())
  const parents = (splits?.around ?? [[]]).map((folders) => [...around, ...folders])
  return {
    places,
    isSplit: splits?.isSplit ?? false,
    strays: listing.pictures.filter((path) => !places.has(path)),
    notes: [...splits?.notes ?? [], ...bareFolders(listing, parents, classes), ...nestedNotes(placed)]
  }
}

/** Names that differ in what systems do not tell apart: one of two is a mistake. */
function refuseAlike (classes: readonly string[]): void {
  const known = new Map<string, string>()
  for (const name of classes) {
    const key = name.trim().toLowerCase()
    const earlier = known.get(key)
    if (earlier !== undefined) {
      throw new OperatorError(`The classes ${listed([earlier, name])} differ by case or blanks alone: give their folders one name.`)
    }
    known.set(key, name)
  }
}

function nestedNotes (placed: readonly Placed[]): string[] {
  const nested = [...new Set(placed.flatMap(({ folders }) => folders.length > 1 ? folders[0] ?? [] : []))].sort()
  return nested.length === 0 ? [] : [`Pictures in folders within ${listed(nested)} count to ${nested.length === 1 ? 'it' : 'these'}.`]
}
