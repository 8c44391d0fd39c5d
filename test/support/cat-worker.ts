import type { LoadReply, LoadRequest, RunReply, RunRequest } from '../../src/engine/protocol.js'

/*
 * A worker without TensorFlow to which every picture is a cat, how surely depends on its mean: alone or among others, and as bytes or as
 * what a scaling to -1..1 makes of them.
 */

const CLASSES = 10
const CAT = 3

export function load (_request: LoadRequest): LoadReply {
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run ({ images }: RunRequest): RunReply {
  const rows = images.map(probabilitiesOf)
  return { probabilities: Float32Array.from(rows.flat()), outputs: {}, inferenceMs: 1 }
}

function probabilitiesOf (image: Uint8Array | Float32Array): number[] {
  let sum = 0
  for (const value of image) sum += image instanceof Float32Array ? (value + 1) * 127.5 : value
  const sure = 0.6 + 0.3 * sum / image.length / 255
  // The others differ, so that their order is one.
  const others = Array.from({ length: CLASSES }, (_, index) => index === CAT ? 0 : index + 1)
  const total = others.reduce((left, right) => left + right)
  return others.map((share, index) => index === CAT ? sure : (1 - sure) * share / total)
}
