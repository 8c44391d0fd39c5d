import { readFile } from 'node:fs/promises'
import { childrenOf } from '../http/process-memory.js'

const TICKS_PER_SECOND = 100
/** Of proc(5)'s fields after the name, counted from the state. */
const [USER_TICKS, SYSTEM_TICKS] = [11, 12]

/** User and system time in seconds of a process and those that it started and that run. Linux only. */
export async function cpuSecondsOf (pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The name may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const own = (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND
  const children = await Promise.all((await childrenOf(pid)).map(cpuSecondsOf))
  return children.reduce((sum, seconds) => sum + seconds, own)
}
