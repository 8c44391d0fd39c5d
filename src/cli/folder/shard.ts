import { createHash } from 'node:crypto'

/** One of `count` parts of a folder's pictures; each picture is in exactly one. */
export interface Shard {
  /** From 0. */
  readonly index: number
  readonly count: number
}

export const WHOLE: Shard = { index: 0, count: 1 }

/** Reads `I/N`, 0 <= I < N; undefined where the text is something else. */
export function parseShard (text: string): Shard | undefined {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []
  const shard = { index: Number(index), count: Number(count) }
  return shard.index < shard.count ? shard : undefined
}

/** Goes by the hash of the path alone, so that pictures which come or go move no other one to another shard. */
export function isInShard (path: string, { index, count }: Shard): boolean {
  return count === 1 || createHash('sha256').update(path).digest().readUInt32BE() % count === index
}
