import '../base/say-begun.js'
import { OperatorError } from '../base/errors.js'
import type { Config } from '../config.js'
import { measureSpeed, type Speed } from './measure.js'

/* The process that `measureApart` starts: it measures the models of one message, answers with one, and ends. */

export type Reply =
  { readonly speeds: Speed[] } | { readonly failure: string } | { readonly defect: string, readonly stack: string | undefined }

process.once('message', (configs: readonly Config[]) => {
  measureSpeed(configs).then(
    (speeds): Reply => ({ speeds }),
    (error: Error): Reply => error instanceof OperatorError ? { failure: error.message } : { defect: error.message, stack: error.stack }
  ).then((reply) => {
    // TensorFlow's threads would keep the process.
    process.send?.(reply, () => { process.exit() })
  })
})
