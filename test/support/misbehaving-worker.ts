import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/*
 * A worker without TensorFlow: the first byte of each image says what it does: 0 answers, 1 throws, 2 exits, 3 hangs in a
 * native call, which nothing can end, 4 exits and lets no other worker of the process come up, 5 takes as many milliseconds as
 * the second byte says.
 */

const CLASSES = 10
/** Is there once no worker may come up. */
const refusal = join(tmpdir(), `xception-no-worker-${process.pid}`)

export function load ({ path }: LoadRequest): LoadReply {
  if (process.env.FAIL_TO_LOAD !== undefined) throw new TypeError('a defect of the worker')
  if (path === 'refuse' || existsSync(refusal)) throw new Error('no such model')
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run ({ images }: RunRequest): RunReply {
  const orders = images.map(([first]) => first)
  if (orders.includes(1)) throw new Error('as ordered')
  if (orders.includes(3)) execFileSync('sh', ['-c', `while kill -0 ${process.pid}; do sleep 0.1; done`], { stdio: 'ignore' })
  if (orders.includes(4)) writeFileSync(refusal, '')
  for (const [order, milliseconds] of images) {
    if (order === 5) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
  }
  if (orders.includes(2) || orders.includes(4)) process.exit(7)
  const probabilities = new Float32Array(images.length * CLASSES)
  images.forEach((_image, index) => { probabilities[index * CLASSES] = 1 })
  return { probabilities, outputs: {}, inferenceMs: 1 }
}
