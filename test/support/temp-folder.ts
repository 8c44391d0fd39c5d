import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisSuite, type Ending } from './ending.js'

/** An empty folder that is gone when the test, or else the file or suite whose body calls this, is over. */
export function tempFolder (t: Ending = thisSuite()): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'xception-test-'))
  // Whatever still writes there is ending.
  t.after(() => { rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) })
  return folder
}
