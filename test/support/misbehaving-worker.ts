import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/model/protocol.js'

/* A worker without TensorFlow: the first pixel says what it does. 0 answers, 1 throws, 2 exits. */

export function load ({ path }: LoadRequest): LoadReply {
  if (path === 'refuse') throw new Error('no such model')
  return { backend: 'cpu', tensorflowVersion: 'none' }
}

export function run ({ images }: RunRequest): RunReply {
  const order = images[0]?.[0]
  if (order === 1) throw new Error('as ordered')
  if (order === 2) process.exit(7)
  return { probabilities: Float32Array.from(images, () => 1), inferenceMs: 1 }
}
