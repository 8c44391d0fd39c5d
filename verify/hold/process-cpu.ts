import { sumOfUsage, usageOf } from '../../src/base/process-usage.js'
import { childrenOf } from '../harness/process-memory.js'

/** User and system time in seconds of a process and those that it started and that run. Linux only. */
export async function cpuSecondsOf (pid: number): Promise<number> {
  return sumOfUsage([pid, ...await childrenOf(pid)].map(usageOf)).cpuSeconds
}
