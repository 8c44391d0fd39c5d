import type { ServiceError } from '../../base/errors.js'

/** The files that a folder or an archive holds, hidden ones left out. */
export interface PictureSource {
  /** Those that are pictures by their names, of a format that is read here or not. */
  readonly pictures: readonly PictureFile[]
  /** Paths of the others. */
  readonly others: readonly string[]
  /** Paths of folders, as far as they are told of: those without a file, too. */
  readonly folders: readonly string[]
  readonly close: () => Promise<void>
}

export interface PictureFile {
  /** Within the folder or archive, slashes between. */
  readonly path: string
  /** The file; a ServiceError if it cannot be read or is too large. */
  readonly read: () => Promise<Uint8Array | ServiceError>
}
