import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'

const CGROUP_ROOT = '/sys/fs/cgroup'

/**
 * CPUs that this process may use: its affinity, and the quota of its control group and of those above it, rounded up
 * to whole CPUs. Node 20 counts only the affinity, so in a container with a CPU limit it would start too many threads.
 */
export function usableCpus (): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota(readText('/proc/self/cgroup') ?? '', CGROUP_ROOT))))
}

/**
 * The smallest CPU quota from a process's control group up to the root, in CPUs; Infinity where there is none.
 * `membership` is what /proc/self/cgroup holds, `root` the folder where the hierarchy is mounted. Reads version 2
 * (`cpu.max`) and version 1 (`cpu.cfs_quota_us`); https://docs.kernel.org/admin-guide/cgroup-v2.html.
 */
export function cpuQuota (membership: string, root: string): number {
  let smallest = Infinity
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    const isVersion2 = controllers === ''
    if (!isVersion2 && !controllers.split(',').includes('cpu')) continue
    const mount = isVersion2 ? root : join(root, 'cpu')
    // A container often sees its own group as the root, while its path is the host's: folders that are missing are skipped.
    for (let folder = path; ; folder = dirname(folder)) {
      smallest = Math.min(smallest, (isVersion2 ? quotaOfVersion2 : quotaOfVersion1)(join(mount, folder)))
      if (folder === '/') break
    }
  }
  return smallest
}

function quotaOfVersion2 (folder: string): number {
  const [quota, period] = readText(join(folder, 'cpu.max'))?.split(/\s+/) ?? []
  return ratio(quota, period)
}

function quotaOfVersion1 (folder: string): number {
  return ratio(readText(join(folder, 'cpu.cfs_quota_us')), readText(join(folder, 'cpu.cfs_period_us')))
}

/** No quota is `max` in version 2 and -1 in version 1. */
function ratio (quota: string | undefined, period: string | undefined): number {
  const cpus = Number(quota) / Number(period)
  return cpus > 0 ? cpus : Infinity
}

function readText (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
