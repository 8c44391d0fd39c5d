import type { FastifyInstance } from 'fastify'
import type pino from 'pino'
import { buildAdminApp } from './admin-app.js'
import { buildApp } from './app.js'
import { OperatorError } from './base/errors.js'
import type { Config } from './config.js'
import type { GrpcServer } from './grpc/server.js'
import { ApiKeys } from './intake/api-keys.js'
import { ByteBudget } from './intake/byte-budget.js'
import { addressesBehind } from './intake/client.js'
import { describeInput } from './model/input.js'
import { MemoryTurns } from './preprocess/index.js'
import { LoadedModel } from './service/loaded-model.js'
import { Reloader } from './service/reload.js'
import type { Slot } from './service/slot.js'
import { describeProgress, showProgress } from './sources/download-progress.js'
import { openModel } from './sources/open.js'
import type { Metrics } from './telemetry/metrics.js'

/** What the service's parts share, and what its process does for them. */
export interface AssemblyOptions {
  readonly slot: Slot
  readonly metrics: Metrics
  readonly logger: pino.Logger
  /** Takes the place of the module that owns TensorFlow, for tests. */
  readonly workerFile?: URL | undefined
  /** Told why there will be no engine any more. */
  readonly onLost: (reason: Error) => void
}

/** The service of these settings, put together: nothing listens yet, and no model is loaded. */
export interface Assembly {
  readonly app: FastifyInstance
  /** Undefined where the settings have no port for it. */
  readonly adminApp: FastifyInstance | undefined
  readonly grpc: GrpcServer | undefined
  readonly reloader: Reloader
  /** Ends it once all that it accepted is answered. */
  close (): Promise<void>
}

/** Throws an OperatorError, as where the file of API keys cannot be read. */
export async function assemble (config: Config, options: AssemblyOptions): Promise<Assembly> {
  const { slot, metrics, logger } = options
  const keys = await openKeys(config, logger)
  const budget = new ByteBudget(config.maxBytesInFlight, (taken) => { metrics.bytesInFlight.set(taken) })
  const app = await buildApp({ config, slot, keys, budget, metrics, logger })
  const grpc = config.grpcPort === 'off'
    ? undefined
    // Most services have no such port, and the library is a third of what there is to load.
    : (await import('./grpc/server.js')).createGrpcServer({
        addressOf: addressesBehind(config.trustProxy),
        intake: { slot, limits: config, budget, metrics },
        keys,
        limitRate: async (client) => { await app.limitRate(client) },
        maxConnections: config.maxConnections,
        metrics,
        logger
      })
  const decodingMemory = new MemoryTurns(config.maxDecodeBytes)
  const reloader = new Reloader({ slot, open: async () => await openAndLoad(config, options, decodingMemory) })
  const adminApp = config.adminPort === 'off' ? undefined : await buildAdminApp({ slot, reloader, metrics, logger })
  return {
    app,
    adminApp,
    grpc,
    reloader,
    close: async () => {
      await Promise.all([app.close(), grpc?.close()])
      await adminApp?.close()
      keys?.close()
      await slot.end()
    }
  }
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

async function openAndLoad (
  config: Config, { slot, metrics, logger, workerFile, onLost }: AssemblyOptions, decodingMemory: MemoryTurns
): Promise<LoadedModel> {
  const show = await showProgress((line) => { logger.info(line) })
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
      lost: onLost
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
