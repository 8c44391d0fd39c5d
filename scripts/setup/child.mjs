import { spawn } from 'node:child_process'
import { onInterruption } from './interruption.mjs'

/**
 * Runs a program to its end. A signal to the set-up kills it together with its own children, which is why it gets
 * a process group of its own.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>} exit code, standard output and standard error together
 * @throws {NodeJS.ErrnoException} `ENOENT` when there is no such program
 */
export function run (command, args, { cwd, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const forget = onInterruption(() => process.kill(-child.pid, 'SIGKILL'))
    const chunks = []
    child.stdout.on('data', chunk => chunks.push(chunk))
    child.stderr.on('data', chunk => chunks.push(chunk))
    child.once('error', error => {
      forget()
      reject(error)
    })
    child.once('close', code => {
      forget()
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() })
    })
  })
}
