import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Backend } from '../../src/engine/backend.js'
import { bestBatchSize, smallestGoodSize } from '../../src/engine/batch-size.js'
import type { BatchRunner } from '../../src/engine/batcher.js'
import type { EngineImages, RunReply } from '../../src/engine/protocol.js'
import { tempFolder } from '../support/temp-folder.js'

test('the smallest batch size within 3 % of the best rate', () => {
  assert.equal(smallestGoodSize(new Map([[1, 10], [2, 15], [4, 19.5], [8, 20], [16, 19]])), 4)
  assert.equal(smallestGoodSize(new Map([[1, 20], [2, 20]])), 1)
  assert.equal(smallestGoodSize(new Map([[1, 10], [16, 30]])), 16)
})

/**
 * An engine that takes 10 ms a run and 5 an image. From 5 images that all its workers have at once they are in each
 * other's way, and an image costs 9 more.
 */
class CrowdedEngine implements BatchRunner {
  readonly ready = true
  /** Sizes in the order of the runs. */
  readonly sizes: number[] = []
  private images = 0

  constructor (readonly workers: number) {}

  async run (images: EngineImages): Promise<RunReply> {
    this.sizes.push(images.length)
    this.images += images.length
    await nextTurn()
    const crowd = this.images
    await nextTurn()
    this.images -= images.length
    const inferenceMs = 10 + images.length * (crowd > 4 ? 14 : 5)
    return { probabilities: new Float32Array(images.length), outputs: {}, inferenceMs }
  }
}

test('batch sizes are measured once, and again where the answer is lost or belongs to other circumstances', async (t) => {
  const folder = tempFolder(t)
  const best = async (options: { threads?: number, backend?: Backend, workers?: number } = {}): Promise<{ size: number, runs: number }> => {
    const engine = new CrowdedEngine(options.workers ?? 1)
    const size = await bestBatchSize({ engine, imageBytes: 3, folder, threads: options.threads ?? 2, backend: options.backend ?? 'cpu' })
    return { size, runs: engine.sizes.length }
  }
  const { size, runs } = await best()
  assert.equal(size, 4)
  assert.deepEqual(await best(), { size, runs: 1 })
  assert.equal((await best({ threads: 1 })).runs, runs)
  assert.equal((await best({ backend: 'gpu' })).runs, runs, 'both backends share a compiled model')
  writeFileSync(join(folder, 'batch-sizes.json'), 'rubbish')
  assert.equal((await best()).runs, runs)
})

test('several workers are measured while all are busy, and a remembered size is run on each of them', async (t) => {
  const folder = tempFolder(t)
  const measured = new CrowdedEngine(2)
  const size = await bestBatchSize({ engine: measured, imageBytes: 3, folder, threads: 2, backend: 'cpu' })
  assert.equal(size, 2, 'not the 4 that serve one alone best')
  const remembered = new CrowdedEngine(2)
  await bestBatchSize({ engine: remembered, imageBytes: 3, folder, threads: 2, backend: 'cpu' })
  assert.deepEqual(remembered.sizes, [2, 2])
})

test('a folder that cannot be written costs the next start a measurement', async () => {
  const engine = new CrowdedEngine(1)
  assert.equal(await bestBatchSize({ engine, imageBytes: 3, folder: '/dev/null/cache', threads: 2, backend: 'cpu' }), 4)
})
