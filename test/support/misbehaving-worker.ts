import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/* A worker without TensorFlow: the first byte of each image says what it does. 0 answers, 1 throws, 2 exits. */

const CLASSES = 10

export function load ({ path }: LoadRequest): LoadReply {
  if (path === 'refuse') throw new Error('no such model')
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run ({ images }: RunRequest): RunReply {
  const orders = images.map(([first]) => first)
  if (orders.includes(1)) throw new Error('as ordered')
  if (orders.includes(2)) process.exit(7)
  const probabilities = new Float32Array(images.length * CLASSES)
  images.forEach((_image, index) => { probabilities[index * CLASSES] = 1 })
  return { probabilities, outputs: {}, inferenceMs: 1 }
}
