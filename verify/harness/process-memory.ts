import { readFile } from 'node:fs/promises'

/** Memory of a process and those that it started, in MB of 10^6 bytes; pages that they share count in each. */
export interface Memory {
  readonly resident: number
  /** The most that each ever was, whenever that was. */
  readonly peak: number
}

/** What a process and those that it started hold now. Linux only. */
export async function memoryOf (pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024 / 1e6
  const children = await Promise.all((await childrenOf(pid)).map(memoryOf))
  return children.reduce(
    (sum, child) => ({ resident: sum.resident + child.resident, peak: sum.peak + child.peak }),
    { resident: megabytes('VmRSS'), peak: megabytes('VmHWM') }
  )
}

/** The processes that a process has started and that run. Linux only. */
export async function childrenOf (pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((child) => child !== '').map(Number)
}
