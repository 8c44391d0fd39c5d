import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shared } from './shared.js'

/** Folder of the published full-size model with its photos, fetched once; undefined where it cannot be fetched. */
export function realModel (): string | undefined {
  const folder = join(tmpdir(), 'xception-serve-real-model')
  try {
    execFileSync('bash', [shared('real-model/get.sh'), folder], { stdio: 'pipe' })
    return folder
  } catch {
    return undefined
  }
}
