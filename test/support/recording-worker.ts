import { appendFileSync } from 'node:fs'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/* A worker without TensorFlow that appends the batch sizes it is warmed with to the file it gets as its model; a batch makes it throw. */

export function load ({ path, warmUpBatchSizes }: LoadRequest): LoadReply {
  appendFileSync(path, `${JSON.stringify(warmUpBatchSizes)}\n`)
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run (_request: RunRequest): RunReply {
  throw new Error('as ordered')
}
