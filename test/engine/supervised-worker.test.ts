import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { CompiledModel } from '../../src/compiler/cache.js'
import { SupervisedWorker } from '../../src/engine/supervised-worker.js'
import { openModel } from '../../src/sources/open.js'
import { readConfig } from '../../src/config.js'
import { compiledModel } from '../../src/service/compiled-model.js'
import { shared, withoutShared } from '../support/shared.js'

let cacheDir: string
before(async () => { cacheDir = await mkdtemp(join(tmpdir(), 'xception-test-')) })
after(async () => { await rm(cacheDir, { recursive: true }) })

async function compiled (): Promise<CompiledModel> {
  const config = readConfig({ MODEL_CACHE_DIR: cacheDir })
  return await compiledModel(config, await openModel(config), 'float32')
}

test('the bundled model gives the reference probabilities for the same pixels', { skip: withoutShared }, async () => {
  const pixels = readFileSync(shared('cifar10-model/reference-inputs.u8'))
  const reference = readFileSync(shared('cifar10-model/reference-outputs.f32'))
  const expected = new Float32Array(new Uint8Array(reference).buffer)
  const imageBytes = 32 * 32 * 3
  const engine = new SupervisedWorker({ path: (await compiled()).path, imageBytes, warmUpBatchSizes: [1] })
  await engine.start()
  try {
    for (const batchSize of [1, 20]) {
      const images = Array.from({ length: batchSize }, (_, index) =>
        new Uint8Array(pixels.subarray(index * imageBytes, (index + 1) * imageBytes)))
      const { probabilities } = await engine.run(images)
      assert.equal(probabilities.length, batchSize * 10)
      const largest = Math.max(...probabilities.map((value, index) => Math.abs(value - (expected[index] ?? NaN))))
      assert.ok(largest < 1e-4, `largest difference ${largest}`)
    }
  } finally {
    await engine.close()
  }
})

suite('a worker that misbehaves is replaced', () => {
  const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)
  for (const [how, code] of [['throws', 1], ['exits', 2]] as const) {
    test(how, async () => {
      const engine = new SupervisedWorker({ path: '', imageBytes: 1, warmUpBatchSizes: [], workerFile })
      await engine.start()
      try {
        const restarted = once(engine, 'restart')
        await assert.rejects(engine.run([Uint8Array.of(code)]), { code: 'inference_failed' })
        await restarted
        if (!engine.ready) await once(engine, 'ready')
        assert.equal((await engine.run([Uint8Array.of(0)])).probabilities[0], 1)
      } finally {
        await engine.close()
      }
    })
  }

  test('a worker that cannot load says why', async () => {
    const engine = new SupervisedWorker({ path: 'refuse', imageBytes: 1, warmUpBatchSizes: [], workerFile })
    await assert.rejects(engine.start(), /no such model/)
  })
})

test('a worker that replaces another is warmed with the batch sizes that are used by then', async () => {
  const path = join(cacheDir, 'warmed.txt')
  const workerFile = new URL('../support/recording-worker.js', import.meta.url)
  const engine = new SupervisedWorker({ path, imageBytes: 1, warmUpBatchSizes: [1], workerFile })
  await engine.start()
  try {
    engine.warmUpWith([1, 16])
    const ready = once(engine, 'ready')
    await assert.rejects(engine.run([Uint8Array.of(0)]), { code: 'inference_failed' })
    await ready
    assert.equal(readFileSync(path, 'utf8'), '[1]\n[1,16]\n')
  } finally {
    await engine.close()
  }
})
