import type { ServiceError } from '../../base/errors.js'

/** What pictures are for: fitting, choosing between fits, and judging the one that was chosen. */
export const SPLITS = ['train', 'validation', 'test'] as const
export type Split = typeof SPLITS[number]

/** A picture with its class. */
export interface Sample {
  /** Within the folder or archive, slashes between. */
  readonly path: string
  /** Index of its class. */
  readonly label: number
  /** SHA-256 of the file, hexadecimal. */
  readonly hash: string
  /** What `fingerprint` says of its pixels: equal for files that show the same. */
  readonly pixelsHash: string
  /** The file. Rejects with a ServiceError `no_image` if it cannot be read any more. */
  readonly read: () => Promise<Uint8Array>
}

/** A file that has a picture's place and is none that can be decoded. */
export interface Unreadable {
  readonly path: string
  readonly error: ServiceError
}

/** Samples that show the same, pixel by pixel, sorted by path. */
export interface Duplicates {
  /** Whether the files are the same too, byte by byte. */
  readonly sameContent: boolean
  readonly members: ReadonlyArray<{ readonly path: string, readonly split: Split, readonly label: number }>
}

/** Shares of the pictures, of 1, that are put aside for validation and test where a dataset is not split. */
export interface Shares {
  readonly validation: number
  readonly test: number
}

export interface Dataset {
  /** Names, sorted; their index is the label. */
  readonly classes: readonly string[]
  /**
   * Sorted by content, so that names and the order of a file system play no part. A split that does not exist is empty, but for
   * train, which has a picture of each class.
   */
  readonly splits: Readonly<Record<Split, readonly Sample[]>>
  /** Whether the folder or archive states the splits; otherwise they were made from a seed. */
  readonly isSplit: boolean
  /** Sorted by path. */
  readonly unreadable: readonly Unreadable[]
  /** Paths of files that are no pictures by their name or belong to no class, sorted. */
  readonly ignored: readonly string[]
  /** What is odd about its folders, in sentences. */
  readonly notes: readonly string[]
  readonly duplicates: readonly Duplicates[]
  /** To be called when no sample is read any more. */
  readonly close: () => Promise<void>
}
