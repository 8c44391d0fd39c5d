import { performance } from 'node:perf_hooks'
import type pino from 'pino'
import { takeSignal } from './base/early-signals.js'
import { endNow } from './base/end-now.js'
import { OperatorError, ServiceError } from './base/errors.js'
import type { ServiceManager } from './base/service-manager.js'
import { SAME_SIGNAL_MS } from './base/signals.js'
import type { Config } from './config.js'
import type { Reloader } from './service/reload.js'
import type { Slot } from './service/slot.js'

/**
 * Reloads on SIGHUP; the returned function is to be called once there is a model to replace, and what was asked for before is
 * done then. A signal has nobody to answer: the log says what became of it.
 */
export function reloadOnSignal (logger: pino.Logger, reloader: Reloader, manager: ServiceManager): () => Promise<void> {
  let loading = true
  let asked = false
  const reload = async (): Promise<void> => {
    logger.info('reloading')
    await manager.reloading(async () => {
      try {
        logger.info({ model: await reloader.reload() }, 'reloaded')
      } catch (error) {
        logger.error(reasonOf(error), 'not reloaded: the model before goes on serving')
      }
    })
  }
  takeSignal('SIGHUP', () => {
    if (!loading) {
      void reload()
      return
    }
    asked = true
    logger.info('the model is still loading, and is loaded again afterwards')
  })
  return async () => {
    loading = false
    if (asked) await reload()
  }
}

/** A sentence, where the failure has one; a defect takes its stack to be found. */
function reasonOf (error: unknown): object {
  const isStated = error instanceof ServiceError && (error.cause === undefined || error.cause instanceof OperatorError)
  return isStated ? { code: error.code, reason: error.message } : { err: error }
}

interface Ending {
  readonly logger: pino.Logger
  readonly slot: Slot
  readonly manager: ServiceManager
  /** Ends what was accepted. */
  readonly close: () => Promise<void>
  /** What the grace is not for, and does not last. */
  readonly afterwards: () => Promise<void>
}

/**
 * Not ready first, then closed to new requests, then what was accepted finishes, then exit 0; a second signal or the
 * grace's end cuts it off. Only SIGTERM waits for load balancers, and only a service that they may have found ready. Returns
 * what says whether the end has begun.
 */
export function closeOnSignal (config: Config, { logger, slot, manager, close, afterwards }: Ending): () => boolean {
  let firstAt: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SAME_SIGNAL_MS) endNow(1)
      return
    }
    firstAt = performance.now()
    logger.info({ signal }, 'closing')
    manager.stopping()
    const delayMs = signal === 'SIGTERM' && slot.notReadyReason !== 'loading' ? config.drainDelayMs : 0
    slot.drain()
    // At once: what comes after the line above is said to be too late.
    if (delayMs === 0) finish()
    else setTimeout(finish, delayMs)
  }
  const finish = (): void => {
    slot.close()
    const grace = setTimeout(() => {
      logger.error('the grace is over with work still running')
      endNow(1)
    }, config.shutdownGraceMs).unref()
    close().then(async () => {
      clearTimeout(grace)
      await afterwards()
      logger.info('closed')
      process.exit(0)
    }, (error: unknown) => {
      logger.fatal({ err: error }, 'closing failed')
      process.exit(1)
    })
  }
  takeSignal('SIGTERM', onSignal)
  takeSignal('SIGINT', onSignal)
  return () => firstAt !== undefined
}
