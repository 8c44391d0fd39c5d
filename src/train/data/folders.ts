import type { PictureSource } from './picture-source.js'

/** What a layout is read from. */
export interface Listing extends Pick<PictureSource, 'others' | 'folders'> {
  /** Paths of pictures. */
  readonly pictures: readonly string[]
}

/** A picture's path, and the folders that it is in, without those that stand around all. */
export interface Found {
  readonly path: string
  readonly folders: readonly string[]
}

export function foldersOf (path: string): string[] {
  return path.split('/').slice(0, -1)
}

/** The folders around all others, each alone in its place. */
export function wrappingFolders (all: ReadonlyArray<readonly string[]>): readonly string[] {
  const deep = all.filter((folders) => folders.length > 0)
  for (let depth = 0; ; depth++) {
    const names = new Set(deep.map((folders) => folders[depth]))
    const isLast = deep.some((folders) => folders.length <= depth + 1)
    if (names.size !== 1 || isLast) return deep[0]?.slice(0, depth) ?? []
  }
}

/** Those below folders, with what is left of theirs. */
export function below (all: readonly Found[], around: readonly string[]): Found[] {
  return all.flatMap(({ path, folders }) => (
    around.every((name, depth) => folders[depth] === name) ? [{ path, folders: folders.slice(around.length) }] : []
  ))
}

/** `"a"`, `"a" and "b"`, `"a", "b" and 3 more`. */
export function listed (names: readonly string[], most = 5): string {
  const quoted = names.slice(0, most).map((name) => JSON.stringify(name))
  if (names.length > most) return `${quoted.join(', ')} and ${names.length - most} more`
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1) ?? ''}`
}

/** Paths of files that may say which picture is of which class; they are not read. */
export function tablesOf ({ others }: Pick<Listing, 'others'>): string[] {
  return others.filter((path) => /\.(?:csv|tsv|xlsx?|parquet|jsonl?)$/i.test(path))
}

/** Says that such files are not read; empty where there are none. */
export function tablesHint (tables: readonly string[]): string {
  return tables.length === 0 ? '' : ` (${listed(tables, 2)}, which may say the classes, ${tables.length === 1 ? 'is' : 'are'} not read)`
}
