import { readdirSync, readFileSync } from 'node:fs'

const PAGE_BYTES = 4096
const TICKS_PER_SECOND = 100

export interface Usage {
  /** User and system time, of processes that are gone left out. */
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/** What a process and all that it started take now. Linux only. */
export function usageOf (pid: number): Usage {
  const usages = [pid, ...descendants(pid)].map(usageOfOne)
  return {
    cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    residentBytes: usages.reduce((sum, { residentBytes }) => sum + residentBytes, 0)
  }
}

function descendants (pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((other) => parentOf(other) === pid)
  return children.flatMap((child) => [child, ...descendants(child)])
}

function parentOf (pid: number): number | undefined {
  const parent = statOf(pid)?.[1]
  return parent === undefined ? undefined : Number(parent)
}

function usageOfOne (pid: number): Usage {
  const stat = statOf(pid)
  // Of proc(5)'s fields, counted from the state: utime, stime and rss.
  const [userTicks, systemTicks, pages] = [11, 12, 21].map((index) => Number(stat?.[index] ?? 0)) as [number, number, number]
  return { cpuSeconds: (userTicks + systemTicks) / TICKS_PER_SECOND, residentBytes: pages * PAGE_BYTES }
}

/** From the third field on, since the second, the name, may hold spaces; undefined if the process is gone. */
function statOf (pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
