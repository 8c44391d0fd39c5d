import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bestBatchSize, smallestGoodSize } from '../../src/engine/batch-size.js'
import type { BatchRunner } from '../../src/engine/batcher.js'

test('the smallest batch size within 3 % of the best rate', () => {
  assert.equal(smallestGoodSize(new Map([[1, 10], [2, 15], [4, 19.5], [8, 20], [16, 19]])), 4)
  assert.equal(smallestGoodSize(new Map([[1, 20], [2, 20]])), 1)
  assert.equal(smallestGoodSize(new Map([[1, 10], [16, 30]])), 16)
})

test('batch sizes are measured once, and again where the answer is lost or belongs to other threads', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'xception-batch-'))
  t.after(() => { rmSync(folder, { recursive: true }) })
  let runs = 0
  const engine: BatchRunner = {
    ready: true,
    workers: 1,
    // 10 ms a run and 5 an image up to 4 images; beyond that an image costs more.
    run: async (images) => {
      runs++
      return { probabilities: new Float32Array(images.length), inferenceMs: 10 + images.length * 5 + Math.max(0, images.length - 4) * 4 }
    }
  }
  const best = (threads: number): Promise<number> => bestBatchSize({ engine, imageBytes: 3, folder, threads })
  assert.equal(await best(2), 4)
  const once = runs
  assert.equal(await best(2), 4)
  assert.equal(runs, once)
  await best(1)
  assert.equal(runs, 2 * once)
  writeFileSync(join(folder, 'batch-sizes.json'), 'rubbish')
  await best(2)
  assert.equal(runs, 3 * once)
})
