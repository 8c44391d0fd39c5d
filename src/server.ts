import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { buildAdminApp } from './admin-app.js'
import { buildApp } from './app.js'
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
import { describeInput } from './model/input.js'
import { openModel } from './sources/open.js'
import { MemoryTurns } from './preprocess/index.js'
import { describeProgress, showProgress } from './sources/download-progress.js'
import { createGrpcServer, type GrpcOptions, type GrpcServer } from './grpc/server.js'
import { ByteBudget } from './intake/byte-budget.js'
import { LoadedModel, prepareProcess } from './service/loaded-model.js'
import { ApiKeys } from './intake/api-keys.js'
import { Reloader } from './service/reload.js'
import { addressesBehind } from './intake/client.js'
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
    const keys = await openKeys(config, logger)
    const maxConnections = boundConnections(config, logger)
    const budget = new ByteBudget(config.maxBytesInFlight, (taken) => { metrics.bytesInFlight.set(taken) })
    const app = await buildApp({ config: { ...config, maxConnections }, slot, keys, budget, metrics, logger })
    const addressOf = addressesBehind(config.trustProxy)
    const limitRate: GrpcOptions['limitRate'] = async (client) => { await app.limitRate(client) }
    const intake = { slot, limits: config, budget, metrics }
    const grpc = openGrpc(config, { addressOf, intake, keys, limitRate, maxConnections, metrics, logger })
    const decodingMemory = new MemoryTurns(config.maxDecodeBytes)
    const reloader = new Reloader({
      slot, open: async () => await openAndLoad(config, { slot, metrics, logger, workerFile, decodingMemory })
    })
    const hasLoaded = reloadOnSignal(logger, reloader, manager)
    const adminApp = config.adminPort === 'off' ? undefined : await buildAdminApp({ slot, reloader, metrics, logger })
    const close = async (): Promise<void> => {
      await Promise.all([app.close(), grpc?.close()])
      await adminApp?.close()
      keys?.close()
      await slot.end()
    }
    isEnding = closeOnSignal(config, { logger, slot, manager, close, afterwards: stopTracing })
    await listenHttp(app, { address: config, names: { host: 'HOST', port: 'PORT' }, text: 'listening at' })
    await grpc?.listen()
    if (adminApp !== undefined && config.adminPort !== 'off') {
      const address = { host: config.adminHost, port: config.adminPort }
      const names = { host: 'ADMIN_HOST', port: 'ADMIN_PORT' }
      await listenHttp(adminApp, { address, names, text: 'metrics and administration at' })
    }
    prepareProcess()
    const loaded = await reloader.load()
    const { facts: { description, tensorflowVersion, kernels, maxBatchSize }, snapshot: { workers } } = loaded
    logger.info({ model: description, tensorflow: tensorflowVersion, kernels, workers: workers.ready, maxBatchSize }, 'ready')
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

async function openKeys ({ apiKeysFile }: Config, logger: pino.Logger): Promise<ApiKeys | undefined> {
  if (apiKeysFile === '') return undefined
  return await ApiKeys.open(apiKeysFile, {
    onChange: (keys) => { logger.info({ keys }, 'the API keys were read again') },
    onRefusal: (reason) => {
      logger.error(reason instanceof OperatorError ? {} : { err: reason }, `the API keys stay as they were: ${reason.message}`)
    }
  })
}

interface Grpc extends Pick<GrpcServer, 'close'> {
  listen (): Promise<void>
}

function openGrpc ({ host, grpcPort: port }: Config, options: GrpcOptions): Grpc | undefined {
  if (port === 'off') return undefined
  const server = createGrpcServer(options)
  const listen = async (): Promise<void> => {
    const address = await listenAt({ host, port }, {
      names: { host: 'HOST', port: 'GRPC_PORT' },
      listen: async (at) => await server.listen(at.host, at.port),
      onNotice: (notice) => { options.logger.info(notice) }
    })
    options.logger.info(`gRPC at ${address}`)
  }
  return { listen, close: async () => { await server.close() } }
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

interface Loading {
  readonly slot: Slot
  readonly metrics: Metrics
  readonly logger: pino.Logger
  readonly workerFile: URL | undefined
  readonly decodingMemory: MemoryTurns
}

async function openAndLoad (config: Config, { slot, metrics, logger, workerFile, decodingMemory }: Loading): Promise<LoadedModel> {
  const show = showProgress((line) => { logger.info(line) })
  const model = await openModel(config, (progress) => {
    slot.loading(describeProgress(progress))
    show(progress)
  })
  logger.info({ model: model.name, version: model.version, input: describeInput(model.input) }, 'model opened')
  for (const warning of model.warnings) logger.warn(warning)
  let lastStep: string | undefined
  return await LoadedModel.open(config, model, {
    metrics,
    workerFile,
    decodingMemory,
    onStep: (step) => {
      if (step !== lastStep) logger.info(step)
      lastStep = step
      slot.loading(step)
    },
    workerObserver: {
      failed: (reason) => { logger.error({ err: reason }, 'a worker failed and is replaced') },
      notReplaced: (reason) => { logger.error({ err: reason }, 'a worker could not be replaced, and is tried again') },
      lost: (reason) => { endLost(logger, slot, reason) }
    },
    decoderObserver: {
      failed: ({ message: reason }, isTold) => {
        if (isTold) logger.error({ reason }, 'an image could not be decoded, for a reason of the system')
      },
      broke: ({ message: reason }) => { logger.error({ reason }, 'no image can be decoded: not ready until they can') },
      recovered: () => { logger.info('images can be decoded again') }
    }
  })
}
