import { totalmem } from 'node:os'
import { join } from 'node:path'
import { CGROUP_ROOT, controlGroups, readText } from './control-groups.js'

/** Where each version keeps a group's limit. */
const LIMIT_FILES = { 1: 'memory.limit_in_bytes', 2: 'memory.max' } as const

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
  const limits = Array.from(controlGroups(membership, root, 'memory'), ({ version, folder }) => limitOf(join(folder, LIMIT_FILES[version])))
  return Math.min(...limits)
}

/** No limit is `max` in version 2 and a number beyond all memory in version 1. */
function limitOf (path: string): number {
  const bytes = Number(readText(path))
  return bytes > 0 ? bytes : Infinity
}
