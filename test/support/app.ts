import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import pino, { type Logger } from 'pino'
import { buildAdminApp } from '../../src/admin-app.js'
import { assemble } from '../../src/assembly.js'
import { readConfig, type Config } from '../../src/config.js'
import { prepareProcess } from '../../src/service/loaded-model.js'
import { Slot } from '../../src/service/slot.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import type { Ending } from './ending.js'
import { within } from './until.js'

/* The service in the test's own process: what it answers, without what a process of its own takes. */

/** Workers without TensorFlow; `real` is the engine that computes. */
const ENGINES = {
  cats: new URL('./cat-worker.js', import.meta.url),
  misbehaving: new URL('./misbehaving-worker.js', import.meta.url),
  real: undefined
} as const

export type Engine = keyof typeof ENGINES

interface Opened {
  readonly main: FastifyInstance
  readonly admin: FastifyInstance
  readonly close: () => Promise<void>
}

/** The service with a model. Where it is asked for, it listens: on ports of 127.0.0.1. */
export class App {
  readonly log: string[] = []
  /** The service's process, which is the test's own. */
  readonly pid = process.pid
  readonly slot: Slot
  /** Resolves when it is open: Node does not wait for one hook of a file before it calls the next. */
  ready: Promise<void> = Promise.resolve()
  private readonly logger: Logger
  private readonly metrics = new Metrics()
  private opened: Opened | undefined
  private mainUrl: string | undefined
  private isClosed = false

  constructor (private readonly config: Config, private readonly engine: Engine) {
    this.logger = pino({ level: config.logLevel }, { write: (line) => { this.log.push(line) } })
    this.slot = new Slot(this.metrics)
  }

  /** Opens what `config` names. Throws an OperatorError. */
  async open (): Promise<void> {
    const { config, engine, slot, metrics, logger } = this
    const onLost = (reason: Error): void => { logger.fatal({ err: reason }, 'the engine is lost') }
    const service = await assemble(config, { slot, metrics, logger, workerFile: ENGINES[engine], onLost })
    const { app: main, grpc, reloader } = service
    const admin = service.adminApp ?? await buildAdminApp({ slot, reloader, metrics, logger })
    this.opened = { main, admin, close: async () => { await Promise.all([service.close(), admin.close()]) } }
    if (grpc !== undefined) logger.info(`gRPC at ${await grpc.listen('127.0.0.1', Number(config.grpcPort))}`)
    prepareProcess()
    await reloader.load()
    await main.ready()
  }

  /** Listens for HTTP, for administration as well where the settings have a port for it. */
  async listen (): Promise<void> {
    const { main, admin } = this.apps
    this.mainUrl = await main.listen({ host: '127.0.0.1', port: this.config.port })
    if (this.config.adminPort !== 'off') {
      this.logger.info(`metrics and administration at ${await admin.listen({ host: '127.0.0.1', port: this.config.adminPort })}`)
    }
  }

  private get apps (): Opened {
    return this.opened ?? assert.fail('the service is opened before the tests, and not before that')
  }

  get url (): string {
    return this.mainUrl ?? assert.fail('the service does not listen')
  }

  /** Asks as `fetch` does, without a connection. */
  async fetch (path: string, init: RequestInit = {}): Promise<Response> {
    return await inject(this.apps.main, path, init)
  }

  /** The same at the port of administration. */
  async fetchAdmin (path: string, init: RequestInit = {}): Promise<Response> {
    return await inject(this.apps.admin, path, init)
  }

  /** Ends, and gives up what a test that failed has left; more than once changes nothing. */
  async close (): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.slot.close()
    this.opened?.main.server.closeAllConnections()
    await within('the end of the service', this.opened?.close() ?? this.slot.end())
  }
}

/** The service for one test, asked with `fetch`, without connections. */
export async function openApp (t: Ending, env: Record<string, string> = {}, engine: Engine = 'cats'): Promise<App> {
  const app = new App(readConfig({ ...process.env, BACKEND: 'cpu', ...env }), engine)
  t.after(() => app.close())
  await app.open()
  return app
}

/** The service for one test, on ports of 127.0.0.1. */
export async function startApp (t: Ending, env: Record<string, string> = {}, engine: Engine = 'cats'): Promise<App> {
  const app = await openApp(t, { PORT: '0', ...env }, engine)
  await app.listen()
  return app
}

/** The service as long as `use` takes, on ports of 127.0.0.1. */
export async function servingApp (env: Record<string, string>, use: (app: App) => Promise<void>, engine: Engine = 'real'): Promise<void> {
  const app = new App(readConfig({ ...process.env, BACKEND: 'cpu', PORT: '0', ...env }), engine)
  try {
    await app.open()
    await app.listen()
    await use(app)
  } finally {
    await app.close()
  }
}

/** The service for all tests of the file or suite whose body calls this, on ports of 127.0.0.1. */
export function suiteApp (env: Record<string, string> = {}, engine: Engine = 'cats'): App {
  const app = new App(readConfig({ ...process.env, BACKEND: 'cpu', PORT: '0', ...env }), engine)
  before(async () => {
    app.ready = app.open().then(() => app.listen())
    await app.ready
  })
  after(() => app.close())
  return app
}

async function inject (app: FastifyInstance, path: string, init: RequestInit): Promise<Response> {
  // What it makes of a body is what a client sends: a form's boundary, a text's type.
  const request = new Request('http://127.0.0.1', { duplex: 'half', ...init })
  const body = init.body === undefined || init.body === null ? undefined : Buffer.from(await request.arrayBuffer())
  const options: InjectOptions = {
    url: path,
    method: request.method as NonNullable<InjectOptions['method']>,
    headers: Object.fromEntries(request.headers),
    ...body === undefined ? {} : { payload: body }
  }
  const { statusCode, headers, rawPayload } = await app.inject(options)
  const pairs = Object.entries(headers).flatMap(([name, value]) => (
    [value ?? []].flat().map((one) => [name, String(one)] as [string, string])
  ))
  const isEmpty = [204, 304].includes(statusCode) || request.method === 'HEAD'
  return new Response(isEmpty ? null : new Uint8Array(rawPayload), { status: statusCode, headers: pairs })
}
