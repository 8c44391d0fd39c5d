import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launchServer, type LaunchedServer, type RunningServer } from '../../verify/harness/server.js'
import type { Ending } from './ending.js'
import { within } from './until.js'

export { NPM_START, type RunningServer } from '../../verify/harness/server.js'
export { childrenOf } from '../../verify/harness/process-memory.js'

const program = (name: string): readonly string[] => [process.execPath, fileURLToPath(new URL(name, import.meta.url))]

/* Commands for `startServer`: the real server with another engine's process, which takes a tenth of what TensorFlow does to start. */

/** Where it does not matter what is computed. */
export const CAT_SERVER = program('./cat-server.js')
/** Its worker fails on demand. */
export const MISBEHAVING_SERVER = program('./misbehaving-server.js')

/** Long for a start on a machine that is busy, with a model that has to be compiled. */
const START_MS = 120_000

/** Starts the real server as a process for one test, with which it ends however that goes. Rejects with its output if it exits first. */
export async function startServer (t: Ending, env: Record<string, string> = {}, command?: readonly string[]): Promise<RunningServer> {
  const launched = launchServer({ BACKEND: 'cpu', ...env }, command)
  t.after(() => launched.kill())
  return await ready(launched)
}

/** Starts the server for as long as `use` takes. */
export async function serving (
  env: Record<string, string>, use: (server: RunningServer) => Promise<void>, command?: readonly string[]
): Promise<void> {
  const launched = launchServer({ BACKEND: 'cpu', ...env }, command)
  try {
    const server = await ready(launched)
    await use(server)
    await server.stop()
  } finally {
    await launched.kill()
  }
}

/**
 * The real server as a process for all tests of the file or suite whose body calls this, after which it has to end in order. `env` may
 * be a function of what the hooks before leave.
 */
export function suiteServer (
  env: Record<string, string> | (() => Record<string, string>) = {}, command?: readonly string[]
): SuiteServer {
  const server = new SuiteServer()
  before(async () => {
    const launched = launchServer({ BACKEND: 'cpu', ...typeof env === 'function' ? env() : env }, command)
    server.launched = launched
    server.ready = ready(launched).then((running) => { server.running = running })
    await server.ready
  })
  after(async () => {
    try {
      if (server.running !== undefined) assert.equal(await server.stop(), 0, 'the server ends in order')
    } finally {
      await server.launched?.kill()
    }
  })
  return server
}

export class SuiteServer implements RunningServer {
  /** Resolves when it is ready: Node does not wait for one hook of a file before it calls the next. */
  ready: Promise<void> = Promise.resolve()
  launched: LaunchedServer | undefined
  running: RunningServer | undefined

  private get started (): RunningServer {
    return this.running ?? assert.fail('the server is started before the tests, and not before that')
  }

  get url (): string { return this.started.url }
  get pid (): number { return this.started.pid }
  get log (): string[] { return this.started.log }
  get notReady (): readonly string[] { return this.started.notReady }
  get exit (): Promise<number | null> { return this.started.exit }

  interrupt (): void {
    this.started.interrupt()
  }

  async stop (signal?: NodeJS.Signals): Promise<number | null> {
    return await this.started.stop(signal)
  }
}

async function ready (launched: LaunchedServer): Promise<RunningServer> {
  return await within('a server that is ready', launched.ready, START_MS)
}

/** Where the server listens for administration, as its log says; undefined where it does not. */
export function adminUrlOf ({ log }: Pick<RunningServer, 'log'>): string | undefined {
  return /administration at (http:\S+?)"/.exec(log.join('\n'))?.[1]
}
