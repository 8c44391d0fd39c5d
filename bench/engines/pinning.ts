import { readFile } from 'node:fs/promises'

/** Starts a process on the first so many of the CPUs that this one may use. Throws an Error where Linux does not say which. */
export async function onCpus (count: number): Promise<readonly string[]> {
  const cpus = listedCpus(await readFile('/proc/self/status', 'utf8'))
  if (cpus.length < count) throw new Error(`${count} CPUs are wanted, and this process may use ${cpus.length}`)
  return ['taskset', '--cpu-list', cpus.slice(0, count).join(',')]
}

/** The CPUs that /proc/PID/status lists as allowed, such as 0 to 3 and 8 of `0-3,8`. */
export function listedCpus (status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1] ?? ''
  return list.split(',').filter(Boolean).flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
