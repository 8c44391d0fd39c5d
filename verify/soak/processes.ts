import { readFileSync, readdirSync } from 'node:fs'

const PAGE_BYTES = 4096
const MIB = 2 ** 20

/** What a process and its children hold; Linux only. */
export interface Holdings {
  readonly rssMiB: number
  readonly handles: number
  readonly threads: number
  readonly processes: number
}

/** Children of a process that are still there, by their ids. */
export function childrenOf (pid: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((id) => parentOf(id) === pid)
}

/** Those of a server's children that compute: it has others, for a moment, that compile or read a model. */
export function enginesOf (pid: number): number[] {
  return childrenOf(pid).filter((id) => /\bengine\b/.test(read(`/proc/${id}/cmdline`)))
}

export function holdingsOf (pid: number): Holdings {
  const all = [pid, ...childrenOf(pid)]
  const sum = (count: (id: number) => number): number => all.reduce((total, id) => total + count(id), 0)
  return {
    rssMiB: Math.round(sum((id) => Number(read(`/proc/${id}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES) / MIB),
    handles: sum((id) => list(`/proc/${id}/fd`).length),
    threads: sum((id) => list(`/proc/${id}/task`).length),
    processes: all.length
  }
}

function parentOf (pid: number): number {
  // The name before it is in brackets, and may hold anything.
  return Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1] ?? NaN)
}

/** Empty for a process that has ended meanwhile. */
function read (path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return goneOrThrow(error, '')
  }
}

function list (path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    return goneOrThrow(error, [])
  }
}

function goneOrThrow<T> (error: unknown, nothing: T): T {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ESRCH') return nothing
  throw error
}
