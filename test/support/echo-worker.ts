import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/* A worker without TensorFlow that says of each image its first and last number, and their sum. */

const CLASSES = 3

export function load (_request: LoadRequest): LoadReply {
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run ({ images }: RunRequest): RunReply {
  const probabilities = new Float32Array(images.length * CLASSES)
  images.forEach((image, index) => {
    let sum = 0
    for (const value of image) sum += value
    probabilities.set([image[0] ?? NaN, image.at(-1) ?? NaN, sum], index * CLASSES)
  })
  return { probabilities, outputs: {}, inferenceMs: 1 }
}
