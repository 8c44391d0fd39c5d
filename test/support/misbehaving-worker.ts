import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/* A worker without TensorFlow: the batch's first byte says what it does. 0 answers, 1 throws, 2 exits. */

const CLASSES = 10

export function load ({ path }: LoadRequest): LoadReply {
  if (path === 'refuse') throw new Error('no such model')
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run ({ images }: RunRequest): RunReply {
  const order = images[0]?.[0]
  if (order === 1) throw new Error('as ordered')
  if (order === 2) process.exit(7)
  const probabilities = new Float32Array(images.length * CLASSES)
  images.forEach((_image, index) => { probabilities[index * CLASSES] = 1 })
  return { probabilities, outputs: {}, inferenceMs: 1 }
}
