import assert from 'node:assert/strict'
import { after } from 'node:test'
import { readStoredModel, type StoredModel } from '../../../src/sources/files/index.js'
import { compile, type SavedModel } from '../../../src/compiler/index.js'
import type { Network } from '../../../src/model/network.js'
import type { Weights } from '../../../src/model/weights.js'
import { GraphProcess } from '../../../src/quantize/graph-process.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'

/** Computes all networks of a file's tests, one after the other. */
let engine: GraphProcess | undefined
after(async () => { await engine?.close() })

/** Opens a file and hands it to `use`. */
export async function withStored<Result> (path: string, use: (stored: StoredModel) => Promise<Result>): Promise<Result> {
  const stored = await readStoredModel(path)
  try {
    return await use(stored)
  } finally {
    await stored.close()
  }
}

/** Recognizes a file, compiles its network and runs it on raw images of its input's size and channels, one after the other. */
export async function probabilitiesOf (path: string, pixels: Uint8Array, hints: Hints = {}): Promise<Float32Array> {
  const { network, weights } = await withStored(path, async (stored) => {
    const { network, readWeights } = await recognize(stored, hints)
    return { network, weights: await readWeights() }
  })
  return await runNetwork(network, weights, pixels)
}

/** Compiles a network and runs it on raw images, one after the other. */
export async function runNetwork (network: Network, weights: Weights, pixels: Uint8Array): Promise<Float32Array> {
  const compiled = compile({ network, weights, precision: 'float32', ownKernels: false })
  return await run(compiled, pixels, network.input.side ** 2 * network.input.channels)
}

async function run (savedModel: SavedModel, pixels: Uint8Array, imageBytes: number): Promise<Float32Array> {
  assert.equal(pixels.length % imageBytes, 0, 'the images have the input size')
  if (engine === undefined) engine = await GraphProcess.start(savedModel, { threads: 1, imageBytes })
  else await engine.load(savedModel)
  const images = Array.from(
    { length: pixels.length / imageBytes }, (_, index) => new Uint8Array(pixels.subarray(index * imageBytes, (index + 1) * imageBytes))
  )
  return (await engine.run(images)).probabilities
}

export function assertClose (found: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(found.length, expected.length)
  const largest = Math.max(...Array.from(expected, (value, index) => Math.abs(value - (found[index] ?? NaN))))
  assert.ok(largest < 1e-5, `largest difference ${largest}`)
}

/** A file's float32 numbers. */
export function floats (bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer)
}
