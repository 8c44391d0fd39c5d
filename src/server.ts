import pino from 'pino'
import pretty from 'pino-pretty'
import { buildApp } from './app.js'
import { Classifier } from './service/classifier.js'
import type { Config } from './config.js'
import { Metrics } from './telemetry/metrics.js'
import { describeInput } from './model/input.js'
import { openModel } from './sources/open.js'
import { describeProgress, showProgress } from './sources/download-progress.js'
import { Service } from './service/slot.js'
import { startTracing } from './telemetry/tracing.js'

/** npm and a terminal both deliver a Ctrl-C: two signals within this time are one. */
const SAME_SIGNAL_MS = 1000

/**
 * Serves until a signal ends the process; a start that fails is logged and ends it with exit code 1.
 * `workerFile` replaces the module that owns TensorFlow, for tests of its failures.
 */
export async function serve (config: Config, { workerFile }: { workerFile?: URL } = {}): Promise<void> {
  const logger = process.stdout.isTTY ? pino({ level: config.logLevel }, pretty({ ignore: 'pid,hostname' })) : pino({ level: config.logLevel })
  const metrics = new Metrics()
  const service = new Service()
  let classifier: Classifier | undefined

  try {
    const stopTracing = await startTracing(process.env)
    const app = await buildApp({ config, service, metrics, logger })
    closeOnSignal(config, logger, service, async () => {
      await app.close()
      await classifier?.close()
      await stopTracing()
    })
    await app.listen({ host: config.host, port: config.port, listenTextResolver: (address) => `listening at ${address}` })
    const show = showProgress((line) => { logger.info(line) })
    const model = await openModel(config, (progress) => {
      service.loading(describeProgress(progress))
      show(progress)
    })
    service.loading('compiling and warming up')
    logger.info({ model: model.name, version: model.version, input: describeInput(model.input) }, 'model opened')
    for (const warning of model.warnings) logger.warn(warning)
    classifier = await Classifier.start(config, model, metrics, workerFile)
    service.serve(classifier)
    logger.info({ model: classifier.description, ...classifier.environment }, 'ready')
  } catch (error) {
    logger.fatal((error as Error).message)
    process.exit(1)
  }
}

/**
 * Not ready first, then closed to new requests, then what was accepted finishes, then exit 0; a second signal or the
 * grace's end cuts it off. Only SIGTERM waits for load balancers, and only a service that they may have found ready.
 */
function closeOnSignal (config: Config, logger: pino.Logger, service: Service, close: () => Promise<void>): void {
  let firstAt: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt !== undefined) {
      if (Date.now() - firstAt > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    firstAt = Date.now()
    logger.info({ signal }, 'closing')
    const delayMs = signal === 'SIGTERM' && service.notReadyReason !== 'loading' ? config.drainDelayMs : 0
    service.drain()
    setTimeout(finish, delayMs)
  }
  const finish = (): void => {
    service.close()
    setTimeout(() => {
      logger.error('the grace is over with work still running')
      process.exit(1)
    }, config.shutdownGraceMs).unref()
    close().then(() => {
      logger.info('closed')
      process.exit(0)
    }, (error: unknown) => {
      logger.fatal({ err: error }, 'closing failed')
      process.exit(1)
    })
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
