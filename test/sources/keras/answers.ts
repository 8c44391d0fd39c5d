import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { tensorFlowEnvironment } from '../../../src/engine/backend.js'
import { SupervisedWorker } from '../../../src/engine/supervised-worker.js'
import { readStoredModel, type StoredModel } from '../../../src/sources/files/index.js'
import { compile, writeSavedModel, type SavedModel } from '../../../src/compiler/index.js'
import type { Network } from '../../../src/model/network.js'
import type { Weights } from '../../../src/model/weights.js'
import { recognize, type Hints } from '../../../src/sources/keras/index.js'
import { tempFolder } from '../../support/temp-folder.js'

const folder = tempFolder()
let graphs = 0

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
  graphs += 1
  const path = mkdtempSync(join(folder, `${graphs}-`))
  await writeSavedModel(path, savedModel)
  assert.equal(pixels.length % imageBytes, 0, 'the images have the input size')
  const environment = tensorFlowEnvironment({ backend: 'cpu', threads: 1 })
  const engine = new SupervisedWorker({ path, imageBytes, warmUpBatchSizes: [], environment })
  await engine.start()
  try {
    const images = Array.from(
      { length: pixels.length / imageBytes }, (_, index) => new Uint8Array(pixels.subarray(index * imageBytes, (index + 1) * imageBytes))
    )
    return (await engine.run(images)).probabilities
  } finally {
    await engine.close()
  }
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
