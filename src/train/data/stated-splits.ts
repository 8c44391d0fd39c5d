import { OperatorError } from '../../base/errors.js'
import { below, listed, tablesHint, wrappingFolders, type Found } from './folders.js'
import { readSplitName, type SplitName } from './split-names.js'
import type { Split } from './types.js'

/** A picture with the folders from its class's on, none where it has no class. */
export interface Placed extends Found {
  readonly split: Split | undefined
}

export interface StatedSplits {
  readonly placed: readonly Placed[]
  /** Whether there is another split than train with pictures of classes. */
  readonly isSplit: boolean
  /** The folders that stand around those of classes. */
  readonly around: ReadonlyArray<readonly string[]>
  readonly notes: readonly string[]
}

/** A folder beside others. */
interface Sibling {
  readonly name: string
  /** What its name says; undefined if nothing of splits. */
  readonly read: SplitName | undefined
  readonly found: readonly Found[]
  /** Whether it has folders with pictures. */
  readonly isNested: boolean
}

const WAY_OUT = 'if each folder is a class, whatever its name, say --folders-are-classes'

/**
 * The splits that folders state; undefined where nothing looks like one. Throws an OperatorError that names what looks like a split and
 * cannot be used as one.
 */
export function readSplits (inside: readonly Found[], tables: readonly string[]): StatedSplits | undefined {
  const names = [...new Set(inside.flatMap(({ folders: [first] }) => first ?? []))].sort()
  const siblings = names.map((name) => {
    const found = below(inside, [name])
    return { name, read: readSplitName(name), found, isNested: found.some(({ folders }) => folders.length > 0) }
  })
  const suspects = siblings.filter((one) => looksLikeSplit(one, siblings))
  if (siblings.length < 2 || suspects.length === 0) return undefined
  const folders = suspects.length === 1 ? 'The folder' : 'The folders'
  const refuse = (reason: string): never => {
    throw new OperatorError(`${folders} ${listed(suspects.map(({ name }) => name))} ${reason}`)
  }
  const obstacle = obstacleOf(siblings, suspects)
  const look = suspects.length === 1 ? 'looks like a split' : 'look like splits'
  if (obstacle !== undefined) return refuse(`${look} of the pictures, but ${obstacle}: rename or move what is in the way; ${WAY_OUT}.`)
  if (siblings.find(({ read }) => read?.split === 'train')?.isNested !== true) {
    return refuse(`${look} of the pictures, but there is no folder for each class inside: sort the pictures into such folders` +
      `${tablesHint(tables)}; ${WAY_OUT}.`)
  }
  return statedBy(siblings)
}

/** Classes have such words in their names, too (`bullet_train`): without more of a sign they are classes. */
function looksLikeSplit ({ read, isNested }: Sibling, siblings: readonly Sibling[]): boolean {
  if (read === undefined) return false
  return read.rest === '' || isNested || siblings.some((other) => other.read?.rest === read.rest && other.read.split !== read.split)
}

/** What keeps the folders from being splits. */
function obstacleOf (siblings: readonly Sibling[], suspects: readonly Sibling[]): string | undefined {
  const others = siblings.filter((one) => !suspects.includes(one)).map(({ name }) => name)
  if (others.length > 0) {
    return `${listed(others)} beside ${suspects.length === 1 ? 'it' : 'them'} ${others.length === 1 ? 'does' : 'do'} not`
  }
  const unclear = suspects.find(({ read }) => read?.split === 'unclear')
  if (unclear !== undefined) return `${listed([unclear.name])} is not clearly one of train, validation and test`
  for (const [index, { name, read }] of suspects.entries()) {
    const same = suspects.slice(index + 1).find((other) => other.read?.split === read?.split)
    if (same !== undefined) return `${listed([name, same.name])} are the same one, ${read?.split ?? ''}`
  }
  if (new Set(suspects.map(({ read }) => read?.rest)).size > 1) return 'they have other names besides'
  return suspects.some(({ read }) => read?.split === 'train') ? undefined : 'none is the one to train with'
}

function statedBy (siblings: readonly Sibling[]): StatedSplits {
  const opened = siblings.map(({ name, read, found }) => ({ name, split: read?.split as Split, ...withoutOwnName(name, found) }))
  // `train/images/cat` beside `test/images/cat`: what stands around all classes of each split is no class.
  const common = Math.min(...opened.map(({ found }) => (
    found.some(({ folders }) => folders.length > 0) ? wrappingFolders(found.map(({ folders }) => folders)).length : Infinity
  )))
  const splits = opened.map((one) => {
    const wrapping = wrappingFolders(one.found.map(({ folders }) => folders)).slice(0, common)
    const found = one.found.map((picture) => ({ ...picture, folders: picture.folders.slice(common) }))
    return { ...one, around: [...one.around, ...wrapping], found }
  })
  const isSplit = splits.some(({ split, found }) => split !== 'train' && found.some(({ folders }) => folders.length > 0))
  return {
    placed: splits.flatMap(({ split, found }) => found.map((one) => ({ ...one, split: isSplit ? split : undefined }))),
    isSplit,
    around: splits.map(({ around }) => around),
    notes: splits.flatMap(({ name, found }) => {
      const strays = found.filter(({ folders }) => folders.length === 0).length
      return strays === 0 ? [] : [`${listed([name])} has pictures in no class's folder: ${strays} are left out.`]
    })
  }
}

/** Archives repeat names: `seg_train/seg_train/...`. */
function withoutOwnName (name: string, found: readonly Found[]): { around: string[], found: readonly Found[] } {
  const [first, another] = new Set(found.flatMap(({ folders: [folder] }) => folder ?? []))
  const isRepeated = first !== undefined && another === undefined && readSplitName(first)?.split === readSplitName(name)?.split
  if (!isRepeated) return { around: [name], found }
  const inner = found.map((one) => ({ ...one, folders: one.folders.slice(1) }))
  return { around: [name, first], found: inner }
}

/** Throws an OperatorError for classes with splits inside: mixed, they would judge what was fitted to them. */
export function refuseInnerSplits (placed: readonly Placed[]): void {
  const inner = new Map<string, Map<string, string>>()
  for (const { folders: [className, folder] } of placed) {
    const read = folder === undefined ? undefined : readSplitName(folder)
    if (className === undefined || folder === undefined || read === undefined || read.rest !== '') continue
    inner.set(className, (inner.get(className) ?? new Map<string, string>()).set(read.split, folder))
  }
  for (const [className, folders] of inner) {
    if (folders.size < 2) continue
    throw new OperatorError(`The folder ${listed([className])} has ${listed([...folders.values()])} inside, which look like splits: ` +
      `those stand around the folders of classes, as in train/${className}; ${WAY_OUT}.`)
  }
}
