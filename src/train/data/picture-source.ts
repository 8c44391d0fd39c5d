import type { ServiceError } from '../../base/errors.js'

/** The files that a folder or an archive holds, hidden ones left out. */
export interface PictureSource {
  /** Those that are pictures by their names. */
  readonly pictures: readonly PictureFile[]
  /** Paths of the others. */
  readonly others: readonly string[]
  readonly close: () => Promise<void>
}

export interface PictureFile {
  /** Within the folder or archive, slashes between. */
  readonly path: string
  /** The file; a ServiceError if it cannot be read or is too large. */
  readonly read: () => Promise<Uint8Array | ServiceError>
}
