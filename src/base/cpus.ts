import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { CGROUP_ROOT, controlGroups, readText } from './control-groups.js'

/** What the kernel says of a process, as text, and the folder where the hierarchy of control groups is mounted. */
export interface ProcessFacts {
  /** /proc/self/status; undefined on systems without it. */
  readonly status: string | undefined
  /** /proc/self/cgroup, empty where there are no control groups. */
  readonly membership: string
  readonly cgroupRoot: string
}

/**
 * CPUs that this process may use: its affinity, and the quota of its control group and of those above it, rounded up
 * to whole CPUs. Node's own count leaves the quota out up to version 22 and rounds it down from 24 on, so that 1.5 CPUs
 * would count as 2 of 64 on one and as 1 on the other.
 */
export function usableCpus (facts: ProcessFacts = readFacts()): number {
  return Math.max(1, Math.ceil(cpuShare(facts)))
}

/** The same as it is, such as 1.5. */
export function cpuShare (facts: ProcessFacts = readFacts()): number {
  const affinity = allowedCpus(facts.status ?? '')?.length ?? availableParallelism()
  return Math.min(affinity, cpuQuota(facts.membership, facts.cgroupRoot))
}

function readFacts (): ProcessFacts {
  return { status: readText('/proc/self/status'), membership: readText('/proc/self/cgroup') ?? '', cgroupRoot: CGROUP_ROOT }
}

/** CPUs that the scheduler may choose from, of a list such as `0-3,8` (proc_pid_status(5)). */
function allowedCpus (status: string): number[] | undefined {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1]
  return list?.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** Columns of /proc/stat in which a CPU does nothing: idle, and waiting for disks (proc_stat(5)). */
const IDLE_COLUMNS: ReadonlySet<number> = new Set([3, 4])
/** Those after them are of guests, and counted before. */
const COLUMNS = 8
/** /proc/stat counts in hundredths of a second, whatever the kernel does. */
const MS_PER_TICK = 10

/** What the CPUs that this process may use do for others. */
export class SpareCpus {
  private readonly beganAtMs = performance.now()
  private readonly began = timesOfOthers()

  /** CPUs that others left to this process since the begin, on average; undefined where the system does not say. */
  sinceBegin (): number | undefined {
    const now = timesOfOthers()
    if (now === undefined || this.began === undefined) return undefined
    return now.cpus - Math.max(0, now.busyMs - this.began.busyMs) / (performance.now() - this.beganAtMs)
  }
}

function timesOfOthers (): { readonly cpus: number, readonly busyMs: number } | undefined {
  const allowed = new Set(allowedCpus(readText('/proc/self/status') ?? ''))
  const lines = [...(readText('/proc/stat') ?? '').matchAll(/^cpu(\d+) (.+)$/gm)].filter(([, number]) => allowed.has(Number(number)))
  if (lines.length === 0) return undefined
  const ticks = lines.flatMap(([, , columns = '']) => (
    columns.split(' ').slice(0, COLUMNS).filter((_, index) => !IDLE_COLUMNS.has(index)).map(Number)
  ))
  const { user, system } = process.cpuUsage()
  return { cpus: lines.length, busyMs: MS_PER_TICK * ticks.reduce((sum, one) => sum + one, 0) - (user + system) / 1000 }
}

/**
 * The smallest CPU quota from a process's control group up to the root, in CPUs; Infinity where there is none.
 * `membership` is what /proc/self/cgroup holds, `root` the folder where the hierarchy is mounted. Reads version 2
 * (`cpu.max`) and version 1 (`cpu.cfs_quota_us`); https://docs.kernel.org/admin-guide/cgroup-v2.html.
 */
export function cpuQuota (membership: string, root: string): number {
  const quotas = Array.from(controlGroups(membership, root, 'cpu'), ({ version, folder }) => (
    version === 2 ? quotaOfVersion2(folder) : quotaOfVersion1(folder)
  ))
  return Math.min(...quotas)
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
