import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of reference data that may stand beside the repository; tests that need it are skipped where it is missing. */
const SHARED = fileURLToPath(new URL('../../../../shared/', import.meta.url))

export function shared (path: string): string {
  return SHARED + path
}

/** For a test's `skip` option: false, or the reason. */
export const withoutShared: string | false = existsSync(SHARED) ? false : '../shared is not there'
