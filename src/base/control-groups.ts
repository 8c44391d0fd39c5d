import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where the hierarchy of control groups is mounted. */
export const CGROUP_ROOT = '/sys/fs/cgroup'

/** One group on the way from a process's own to the root. */
export interface ControlGroup {
  readonly version: 1 | 2
  readonly folder: string
}

/**
 * The groups that limit a process by one controller (`cpu`, `memory`), its own first. `membership` is what /proc/self/cgroup
 * holds, `root` where the hierarchy is mounted; https://docs.kernel.org/admin-guide/cgroup-v2.html.
 * A container often sees its own group as the root, while its path is the host's: some of the folders may not be there.
 */
export function * controlGroups (membership: string, root: string, controller: string): Generator<ControlGroup> {
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    const version = controllers === '' ? 2 : 1
    if (version === 1 && !controllers.split(',').includes(controller)) continue
    const mount = version === 2 ? root : join(root, controller)
    for (let folder = path; ; folder = dirname(folder)) {
      yield { version, folder: join(mount, folder) }
      if (folder === '/') break
    }
  }
}

/** A file that the kernel keeps, trimmed; undefined where this system has none. */
export function readText (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
