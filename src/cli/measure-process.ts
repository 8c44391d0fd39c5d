import '../base/say-begun.js'
import type { Config } from '../config.js'
import { measureSpeed, type Speed } from './measure.js'

/* The process that `measureApart` starts: it measures the models of one message, answers with one, and ends. */

export type Reply = { readonly speeds: Speed[] } | { readonly failure: string }

process.once('message', (configs: readonly Config[]) => {
  measureSpeed(configs).then(
    (speeds): Reply => ({ speeds }),
    (error: Error): Reply => ({ failure: error.message })
  ).then((reply) => {
    // TensorFlow's threads would keep the process.
    process.send?.(reply, () => { process.exit() })
  })
})
