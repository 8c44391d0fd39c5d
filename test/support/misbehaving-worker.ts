import { existsSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/*
 * A worker without TensorFlow: the first byte of each image says what it does: 0 answers, 1 throws, 2 exits, 3 hangs in a
 * native call, 4 exits and lets no other worker of the same parent come up, 5 takes as many milliseconds as the second byte
 * says, 6 writes into the pipe, 7 answers with nothing, 8 crashes, 9 writes to the images.
 */

const CLASSES = 10
const PIPE = 3
/** Is there once no worker may come up. */
const refusal = join(tmpdir(), `xception-no-worker-${process.ppid}`)

export function load ({ path }: LoadRequest): LoadReply {
  if (process.env.KILLED_AT_LOAD !== undefined) process.kill(process.pid, 'SIGKILL')
  if (process.env.FAIL_TO_LOAD !== undefined) throw new TypeError('a defect of the worker')
  if (path === 'refuse' || existsSync(refusal)) throw new Error('no such model')
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run ({ images }: RunRequest): RunReply {
  const orders = images.map(([first]) => first)
  if (orders.includes(1)) throw new Error('as ordered')
  if (orders.includes(3)) hang()
  if (orders.includes(4)) writeFileSync(refusal, '')
  for (const [order, milliseconds] of images) {
    if (order === 5) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
  }
  if (orders.includes(2) || orders.includes(4)) process.exit(7)
  if (orders.includes(8)) process.kill(process.pid, 'SIGSEGV')
  if (orders.includes(9)) images[0]?.fill(0)
  if (orders.includes(6)) writeSync(PIPE, 'a message that a library prints where it should not')
  const probabilities = new Float32Array(orders.includes(7) ? 0 : images.length * CLASSES)
  images.forEach((_image, index) => { probabilities[index * CLASSES] = 1 })
  return { probabilities, outputs: {}, inferenceMs: 1 }
}

function hang (): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
