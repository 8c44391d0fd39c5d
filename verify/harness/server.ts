import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { endNow, endWithThis } from './end-with-this.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SERVER = [process.execPath, fileURLToPath(new URL('../../src/main.js', import.meta.url))]
/** The server as the README starts it. */
export const NPM_START = ['npm', 'start', '--silent']
const POLL_INTERVAL_MS = 50
/** A file that gets a line for each server that is started, to count them. */
const { STARTS_FILE } = process.env

export interface RunningServer {
  readonly url: string
  readonly pid: number
  /** Sends a signal to the process and its children, as a terminal's Ctrl-C does. */
  interrupt (): void
  readonly log: string[]
  /** What /readyz answered before it was ready. */
  readonly notReady: readonly string[]
  /** Sends a signal and resolves with the exit code. */
  stop (signal?: NodeJS.Signals): Promise<number | null>
  readonly exit: Promise<number | null>
}

/** A server that has been started, and may not be ready yet. */
export interface LaunchedServer {
  /** Rejects with its output if it exits first. */
  readonly ready: Promise<RunningServer>
  /** Ends it and whatever it started at once; resolves when it is gone. */
  kill (): Promise<void>
}

/**
 * Starts the real server as a process on a free port, and resolves when it is ready. Rejects with its output if it exits first. It ends
 * with this process, however that ends. The last argument is another command that starts it.
 */
export async function startServer (env?: Record<string, string>, command?: readonly string[]): Promise<RunningServer> {
  return await launchServer(env, command).ready
}

/** As `startServer`, and can be ended before it is ready. */
export function launchServer (env: Record<string, string> = {}, [command, ...args]: readonly string[] = SERVER): LaunchedServer {
  const settings = { ...process.env, HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0', ...env }
  const child = spawn(command ?? '', args, { cwd: ROOT, detached: true, env: settings, stdio: ['ignore', 'pipe', 'pipe'] })
  endWithThis(child)
  if (STARTS_FILE !== undefined) appendFileSync(STARTS_FILE, `${process.argv[1]}\n`)
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return {
    ready: whenReady(child, exit),
    kill: async () => {
      endNow(child)
      await exit
    }
  }
}

async function whenReady (child: ChildProcessByStdio<null, Readable, Readable>, exit: Promise<number | null>): Promise<RunningServer> {
  const log: string[] = []
  child.stderr.on('data', (chunk: Buffer) => { log.push(chunk.toString()) })
  const url = await new Promise<string>((resolve, reject) => {
    exit.then(() => { reject(new Error(`the server ended: ${log.join('\n')}`)) }, reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line)
      const found = /listening at (http:\S+?)"/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  const notReady: string[] = []
  for (;;) {
    // What counts connections finds none that this left.
    const response = await fetch(`${url}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined)
    if (response?.status === 200) break
    if (response !== undefined) notReady.push(await response.text())
    if (response === undefined) {
      await exit
      throw new Error(`the server ended: ${log.join('\n')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS))
  }
  return {
    url,
    pid: child.pid ?? 0,
    log,
    notReady,
    exit,
    interrupt: () => { process.kill(-(child.pid ?? 0), 'SIGINT') },
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exit
    }
  }
}
