import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { onInterruption } from './interruption.mjs'

/** What ends the programs that run now. */
const kills = new Set()

/**
 * Runs a program to its end. A signal to the set-up kills it together with its own children, which is why it gets
 * a process group of its own.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, niceness?: number | undefined }} [options] niceness: how much others come first, 0 to 19
 * @returns {Promise<{ code: number, output: string }>} exit code, standard output and standard error together
 * @throws {NodeJS.ErrnoException} `ENOENT` when there is no such program
 */
export function run (command, args, { cwd, env = process.env, niceness = 0 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') }
    const forget = onInterruption(kill)
    const ended = () => {
      forget()
      kills.delete(kill)
    }
    const chunks = []
    child.stdout.on('data', chunk => chunks.push(chunk))
    child.stderr.on('data', chunk => chunks.push(chunk))
    child.once('error', error => {
      ended()
      reject(error)
    })
    child.once('close', code => {
      ended()
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() })
    })
    if (child.pid === undefined) return
    kills.add(kill)
    if (niceness > 0) setPriority(child.pid, niceness)
  })
}

/** Kills every program that `run` runs now, each with its own children. */
export function endAll () {
  for (const kill of kills) {
    try {
      kill()
    } catch (error) {
      // It ended by itself a moment ago.
      if (error.code !== 'ESRCH') throw error
    }
  }
}
