import { OperatorError } from '../../base/errors.js'

export interface ArchiveLimits {
  /** Larger files count as unreadable. */
  readonly maxImageBytes: number
  /** Where the pictures of a tar archive are kept meanwhile, in a file without a name. */
  readonly spoolFolder: string
}

/** Deflate reaches 1000, pictures never. */
export const MAX_COMPRESSION = 200
/** Far above any dataset's; names are held in memory. */
export const MAX_FILES = 5_000_000

/** An entry's path, slashes between its parts. Throws an OperatorError for what leads out of the archive. */
export function pathWithin (path: string): string {
  const parts = path.split('/')
  if (path.startsWith('/') || /^[a-z]:\//i.test(path) || path.includes('\0') || parts.includes('..')) {
    throw new OperatorError(`its ${JSON.stringify(path)} lies outside of it`)
  }
  return parts.filter((part) => part !== '' && part !== '.').join('/')
}
