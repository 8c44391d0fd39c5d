import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { childOf } from './child.js'
import type { Ending } from './ending.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** More than any of them takes. */
const MOST_MS = 120_000

export interface Outcome { readonly status: number | null, readonly stdout: string, readonly stderr: string }

export type Variables = Readonly<Record<string, string>>

function commandOf (args: readonly string[], env: Variables): [string, string[], { cwd: string, env: NodeJS.ProcessEnv }] {
  const command = [join(ROOT, 'bin/xception.cjs'), ...args]
  return [process.execPath, command, { cwd: ROOT, env: { ...process.env, BACKEND: 'cpu', ...env } }]
}

/** Runs the command `xception` as `npx .` does, in the clone; after two minutes it is ended, with no status. */
export function xception (args: readonly string[], env: Variables = {}): Outcome {
  const [program, command, options] = commandOf(args, env)
  const { status, stdout, stderr } = spawnSync(program, command, { ...options, encoding: 'utf8', timeout: MOST_MS, killSignal: 'SIGKILL' })
  return { status, stdout, stderr }
}

interface Started { readonly child: ChildProcess, readonly outcome: Promise<Outcome> }

/** Starts it, as the leader of a process group if it is `detached`; `outcome` resolves when it has ended, which it does with the test. */
export function startXception (
  t: Ending, args: readonly string[], env: Variables = {}, { detached = false } = {}
): Started {
  const [program, command, options] = commandOf(args, env)
  const child = childOf(t, spawn(program, command, { ...options, detached }))
  const outcome = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    .then(([[status], stdout, stderr]) => ({ status: status as number | null, stdout, stderr }))
  return { child, outcome }
}
