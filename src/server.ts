import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { assemble } from './assembly.js'
import { connectionsWithin, descriptorLimit } from './base/descriptors.js'
import { ENGINE_LOST, endNow } from './base/end-now.js'
import { OperatorError } from './base/errors.js'
import { ServiceManager } from './base/service-manager.js'
import { openStandardError } from './base/standard-error.js'
import { listenAt, type ListeningAddress, type ListeningOptions } from './base/listening.js'
import type { Config } from './config.js'
import { closeOnSignal, reloadOnSignal } from './end-and-reload.js'
import { createLogDestination } from './telemetry/log-destination.js'
import { Metrics } from './telemetry/metrics.js'
import type { GrpcServer } from './grpc/server.js'
import { prepareProcess } from './service/loaded-model.js'
import { Slot } from './service/slot.js'
import { startTracing } from './telemetry/start-tracing.js'

/** Time in which requests that cannot be served any more get their answer, before the process ends. */
const LAST_REPLIES_MS = 500

/**
 * Serves until a signal ends the process; a start that fails is logged and ends it with exit code 1.
 * `workerFile` replaces the module that owns TensorFlow, for tests of its failures.
 */
export async function serve (config: Config, { workerFile }: { workerFile?: URL } = {}): Promise<void> {
  const options = { level: config.logLevel }
  const metrics = new Metrics()
  const onLost = (): void => { metrics.logLinesLost.inc() }
  openStandardError(onLost)
  const logger = pino(options, createLogDestination(onLost))
  const manager = ServiceManager.of(process.env, {
    onFailure: (code) => { logger.warn(`NOTIFY_SOCKET cannot be written to (${code}): whoever started this service is told nothing`) }
  })
  const slot = new Slot(metrics)
  let isEnding = (): boolean => false

  try {
    const stopTracing = await startTracing(process.env, { logger, onLost: (spans) => { metrics.spansLost.inc(spans) } })
    const maxConnections = boundConnections(config, logger)
    const onEngineLost = (reason: Error): void => { endLost(logger, slot, reason) }
    const { app, adminApp, grpc, reloader, close } = await assemble({ ...config, maxConnections }, {
      slot, metrics, logger, workerFile, onLost: onEngineLost
    })
    const hasLoaded = reloadOnSignal(logger, reloader, manager)
    isEnding = closeOnSignal(config, { logger, slot, manager, close, afterwards: stopTracing })
    await listenHttp(app, { address: config, names: { host: 'HOST', port: 'PORT' }, text: 'listening at' })
    if (grpc !== undefined) await listenGrpc(grpc, config, logger)
    if (adminApp !== undefined && config.adminPort !== 'off') {
      const address = { host: config.adminHost, port: config.adminPort }
      const names = { host: 'ADMIN_HOST', port: 'ADMIN_PORT' }
      await listenHttp(adminApp, { address, names, text: 'metrics and administration at' })
    }
    const { jpeg } = prepareProcess()
    const loaded = await reloader.load()
    const { facts: { description, tensorflowVersion, computation: { kernels, why }, maxBatchSize }, state: { workers } } = loaded
    logger.info({ model: description, tensorflow: tensorflowVersion, kernels, why, workers: workers.ready, maxBatchSize, jpeg }, 'ready')
    manager.ready(async () => { await slot.use(async (model) => { await model.probe() }) })
    await hasLoaded()
  } catch (error) {
    if (isEnding()) {
      logger.info({ reason: (error as Error).message }, 'the end cut the start short')
      return
    }
    logFailedStart(logger, error as Error)
    process.exit(1)
  }
}

/** Nothing here can bring the engine back: the process ends, and whoever supervises it starts another. */
function endLost (logger: pino.Logger, slot: Slot, reason: Error): void {
  logger.fatal({ err: reason }, 'the engine is lost, and the process ends')
  slot.close()
  setTimeout(() => { endNow(ENGINE_LOST) }, LAST_REPLIES_MS)
}

/** What the operator can mend is one sentence; anything else is a defect, which takes its stack to be found. */
function logFailedStart (logger: pino.Logger, error: Error): void {
  if (error instanceof OperatorError) logger.fatal(error.message)
  else logger.fatal({ err: error }, `the start failed: ${error.message}`)
}

/** Connections beyond the descriptors would leave none to open a file with, and none to tell the client so. */
function boundConnections ({ maxConnections }: Config, logger: pino.Logger): number {
  const limit = descriptorLimit()
  const bounded = connectionsWithin(maxConnections, limit)
  if (bounded < maxConnections) {
    const problem = `MAX_CONNECTIONS=${maxConnections} is more than the ${limit} file descriptors of this process allow`
    logger.warn(`${problem}: it takes ${bounded}; raise the limit (ulimit -n)`)
  }
  return bounded
}

async function listenGrpc (server: GrpcServer, { host, grpcPort }: Config, logger: pino.Logger): Promise<void> {
  const address = await listenAt({ host, port: Number(grpcPort) }, {
    names: { host: 'HOST', port: 'GRPC_PORT' },
    listen: async (at) => await server.listen(at.host, at.port),
    onNotice: (notice) => { logger.info(notice) }
  })
  logger.info(`gRPC at ${address}`)
}

interface HttpListener {
  readonly address: ListeningAddress
  readonly names: ListeningOptions<string>['names']
  /** What the log says before the address. */
  readonly text: string
}

async function listenHttp (app: FastifyInstance, { address, names, text }: HttpListener): Promise<void> {
  const listenTextResolver = (url: string): string => `${text} ${url}`
  await listenAt(address, {
    names,
    listen: async (at) => await app.listen({ ...at, listenTextResolver }),
    onNotice: (notice) => { app.log.info(notice) }
  })
}
