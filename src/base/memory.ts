import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'

const CGROUP_ROOT = '/sys/fs/cgroup'
/** Version 2, and where version 1 keeps it. */
const LIMIT_FILES = ['memory.max', 'memory/memory.limit_in_bytes'] as const

/** Bytes of memory that this process may use: the machine's, and the limits of its control group and of those above it. */
export function usableMemory (): number {
  return Math.min(totalmem(), memoryLimit(readText('/proc/self/cgroup') ?? '', CGROUP_ROOT))
}

/**
 * The smallest memory limit from a process's control group up to the root, in bytes; Infinity where there is none.
 * `membership` is what /proc/self/cgroup holds, `root` the folder where the hierarchy is mounted;
 * https://docs.kernel.org/admin-guide/cgroup-v2.html.
 */
export function memoryLimit (membership: string, root: string): number {
  let smallest = Infinity
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    if (controllers !== '' && !controllers.split(',').includes('memory')) continue
    const file = LIMIT_FILES[controllers === '' ? 0 : 1]
    // A container often sees its own group as the root, while its path is the host's: folders that are missing are skipped.
    for (let folder = path; ; folder = dirname(folder)) {
      smallest = Math.min(smallest, limitOf(join(root, dirname(file), folder, file.slice(file.lastIndexOf('/') + 1))))
      if (folder === '/') break
    }
  }
  return smallest
}

/** No limit is `max` in version 2 and a number beyond all memory in version 1. */
function limitOf (path: string): number {
  const bytes = Number(readText(path))
  return bytes > 0 ? bytes : Infinity
}

function readText (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    // No such limit, or a system without control groups.
    return undefined
  }
}
