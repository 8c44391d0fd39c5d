import { readText } from './control-groups.js'

/** What processes take of the machine. */
export interface ProcessUsage {
  readonly residentBytes: number
  /** CPU time since they started, in user and in kernel mode. */
  readonly cpuSeconds: number
}

export const NO_USAGE: ProcessUsage = { residentBytes: 0, cpuSeconds: 0 }

/** USER_HZ, in which Linux counts the time of processes, whatever its own clock. */
const TICKS_PER_SECOND = 100

/** What another process takes now; nothing where the system does not tell, or the process is gone. */
export function usageOf (pid: number): ProcessUsage {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? '') ?? []
  // The command's name, in brackets, may have any characters; the times are the 14th and 15th field, and the third follows it.
  const [, fields = ''] = /^.*\) (.*)$/s.exec(readText(`/proc/${pid}/stat`) ?? '') ?? []
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return { residentBytes: Number(kibibytes) * 1024, cpuSeconds: (user + system) / TICKS_PER_SECOND }
}

export function sumOfUsage (all: readonly ProcessUsage[]): ProcessUsage {
  return all.reduce((sum, one) => ({
    residentBytes: sum.residentBytes + one.residentBytes, cpuSeconds: sum.cpuSeconds + one.cpuSeconds
  }), NO_USAGE)
}
