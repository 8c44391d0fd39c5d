import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SERVER = [process.execPath, fileURLToPath(new URL('../../src/main.js', import.meta.url))]
/** The server as the README starts it. */
export const NPM_START = ['npm', 'start', '--silent']
const POLL_INTERVAL_MS = 50

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

/**
 * Starts the real server as a process on a free port and resolves when it is ready. Rejects with its output if it exits first.
 * The last argument is another command that starts it.
 */
export async function startServer (
  env: Record<string, string> = {}, [command, ...args]: readonly string[] = SERVER
): Promise<RunningServer> {
  const settings = { ...process.env, HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0', ...env }
  const child = spawn(command ?? '', args, { cwd: ROOT, detached: true, env: settings, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  const exit = once(child, 'close').then(([code]) => code as number | null)
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
