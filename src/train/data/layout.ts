import { SPLITS, type Split } from './types.js'

/** Where a picture stands in a dataset. */
export interface Place {
  /** Undefined where the dataset is not split. */
  readonly split: Split | undefined
  readonly className: string
}

export interface Layout {
  /** By path. */
  readonly places: ReadonlyMap<string, Place>
  /** Whether there is a folder `train` with `validation` or `test` beside it. */
  readonly isSplit: boolean
  /** Paths that belong to no class. */
  readonly strays: readonly string[]
}

/**
 * Makes sense of the paths of pictures: a folder a class, with folders `train`, `validation` and `test` around them or not. A single
 * folder around everything, as archives have one, is looked through. What is deeper in the folder of a class belongs to it.
 */
export function layOut (paths: readonly string[]): Layout {
  const all = paths.map((path) => ({ path, folders: path.split('/').slice(0, -1) }))
  const depth = wrappingFolders(all.map(({ folders }) => folders).filter((folders) => folders.length > 0))
  const inside = all.map(({ path, folders }) => ({ path, folders: folders.slice(depth) }))
  const isSplit = areSplits(new Set(inside.flatMap(({ folders: [first] }) => first ?? [])))
  const places = new Map<string, Place>()
  const strays: string[] = []
  for (const { path, folders } of inside) {
    const [split, className] = isSplit ? [folders[0] as Split | undefined, folders[1]] : [undefined, folders[0]]
    if (className === undefined) strays.push(path)
    else places.set(path, { split, className })
  }
  return { places, isSplit, strays }
}

/** How many folders stand around all others, each alone in its place. */
function wrappingFolders (all: ReadonlyArray<readonly string[]>): number {
  for (let depth = 0; ; depth++) {
    const names = new Set(all.map((folders) => folders[depth]))
    const isLast = all.some((folders) => folders.length <= depth + 1)
    if (names.size !== 1 || isLast) return depth
  }
}

function areSplits (names: ReadonlySet<string>): boolean {
  return names.size > 1 && names.has('train') && [...names].every((name) => (SPLITS as readonly string[]).includes(name))
}
