import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/base/random.js'
import type { Ledger } from './ledger.js'
import { enginesOf } from './processes.js'

export interface Victim {
  readonly pid: number
  readonly admin: string
  readonly random: Random
  readonly ledger: Ledger
  /** How often each fault was done. */
  readonly done: Record<string, number>
}

/** Does something to the server; false if that cannot be done now. */
type Fault = (victim: Victim) => Promise<boolean>

const FAULTS: ReadonlyArray<readonly [name: string, fault: Fault]> = [
  ['engine killed', async ({ pid, random }) => signal(pick(enginesOf(pid), random), 'SIGKILL')],
  ['engine stopped for a while', async ({ pid, random }) => await pause(pick(enginesOf(pid), random), random)],
  ['server stopped for a while', async ({ pid, random }) => await pause(pid, random)],
  ['reload by request', async ({ admin, ledger }) => {
    const response = await fetch(`${admin}/admin/reload`, { method: 'POST' })
    ledger.saw({ status: response.status, body: await response.text(), isLast: false })
    return true
  }],
  ['reload by signal', async ({ pid }) => signal(pid, 'SIGHUP')]
]

/** One fault after the other at random moments, until it is told to stop. */
export async function misbehave (victim: Victim, signal: AbortSignal): Promise<void> {
  const { random, done } = victim
  while (!signal.aborted) {
    await sleep(500 + random.below(4000), undefined, { signal }).catch(() => {})
    const [name, fault] = FAULTS[random.below(FAULTS.length)] ?? []
    if (signal.aborted || name === undefined || fault === undefined) return
    if (await fault(victim)) done[name] = (done[name] ?? 0) + 1
  }
}

function pick (pids: readonly number[], random: Random): number | undefined {
  return pids[random.below(pids.length)]
}

async function pause (pid: number | undefined, random: Random): Promise<boolean> {
  if (!signal(pid, 'SIGSTOP')) return false
  await sleep(50 + random.below(1000))
  return signal(pid, 'SIGCONT')
}

function signal (pid: number | undefined, name: NodeJS.Signals): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(pid, name)
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
