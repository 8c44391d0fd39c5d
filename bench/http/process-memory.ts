import { readFile } from 'node:fs/promises'

/** Of a process, in MB of 10^6 bytes. */
export interface Memory {
  readonly resident: number
  /** The most that it ever was. */
  readonly peak: number
}

/** What a process holds now. Linux only. */
export async function memoryOf (pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024 / 1e6
  return { resident: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}
