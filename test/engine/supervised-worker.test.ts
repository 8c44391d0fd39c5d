import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { CompiledModel } from '../../src/compiler/cache.js'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import type { EngineImages } from '../../src/engine/protocol.js'
import { SupervisedWorker, type WorkerObserver } from '../../src/engine/supervised-worker.js'
import type { ServiceError } from '../../src/base/errors.js'
import { openModel } from '../../src/sources/open.js'
import { readConfig } from '../../src/config.js'
import { compiledModel } from '../../src/service/compiled-model.js'
import { childrenOf } from '../support/server.js'
import { shared, withoutShared } from '../support/shared.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const environment = tensorFlowEnvironment({ backend: 'cpu', threads: 1 })

const cacheDir = tempFolder()

async function compiled (): Promise<CompiledModel> {
  const config = readConfig({ MODEL_CACHE_DIR: cacheDir })
  return await compiledModel(config, await openModel(config), { precision: 'float32', ownKernels: false })
}

/** An observer, and what it hears as events. */
function listening (): { readonly observer: WorkerObserver, readonly heard: EventEmitter } {
  const heard = new EventEmitter()
  return { heard, observer: { ready: () => { heard.emit('ready') }, failed: (reason) => { heard.emit('failed', reason) } } }
}

test('the bundled model gives the reference probabilities for the same pixels', { skip: withoutShared }, async () => {
  const pixels = readFileSync(shared('cifar10-model/reference-inputs.u8'))
  const reference = readFileSync(shared('cifar10-model/reference-outputs.f32'))
  const expected = new Float32Array(new Uint8Array(reference).buffer)
  const imageBytes = 32 * 32 * 3
  const engine = new SupervisedWorker({ path: (await compiled()).path, imageBytes, warmUpBatchSizes: [1], environment })
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

test('images arrive as they were, those of several runs at once and those that are too large for shared memory', async () => {
  const workerFile = new URL('../support/echo-worker.js', import.meta.url)
  const engine = new SupervisedWorker({ path: '', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment })
  await engine.start()
  try {
    const bytes = (length: number, first: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(1).fill(first, 0, 1)
    const runs: EngineImages[] = [
      [bytes(5, 9), bytes(5, 8)], [Float32Array.of(0.5, -2, 4)], [bytes(70_000, 7)], [bytes(70_001, 6), bytes(70_001, 5)],
      [bytes(2 ** 23 + 1, 4), bytes(2 ** 23 + 1, 3)], [bytes(3, 2)]
    ]
    for (let times = 0; times < 3; times++) {
      const replies = await Promise.all(runs.map((images) => engine.run(images)))
      assert.deepEqual(replies.map(({ probabilities }) => [...probabilities]), [
        [9, 1, 13, 8, 1, 12], [0.5, 4, 2.5], [7, 1, 70_006], [6, 1, 70_006, 5, 1, 70_005],
        [4, 1, 8_388_612, 3, 1, 8_388_611], [2, 1, 4]
      ])
    }
  } finally {
    await engine.close()
  }
})

test('memory that is shared with a worker is given back when it is gone', { skip: process.platform !== 'linux' }, async () => {
  const shared = (): number => readFileSync('/proc/self/maps', 'utf8').match(/memfd:xception/g)?.length ?? 0
  const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)
  const { observer, heard } = listening()
  const engine = new SupervisedWorker({ path: '', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment, observer })
  await engine.start()
  assert.equal(shared(), 1)
  const ready = once(heard, 'ready')
  await assert.rejects(engine.run([Uint8Array.of(2)]), { code: 'inference_failed' })
  await ready
  assert.equal((await engine.run([Uint8Array.of(0)])).probabilities[0], 1)
  assert.equal(shared(), 1)
  await engine.close()
  await until('no memory is shared', () => shared() === 0)
})

suite('a worker that misbehaves is replaced', () => {
  const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)
  const failures = [
    ['throws', 1, /as ordered/],
    ['exits', 2, /process ended with code 7/],
    ['crashes', 8, /process was ended by SIGSEGV/],
    ['writes to the images, which it may only read', 9, /process was ended by SIG(?:SEGV|BUS)/],
    ['writes what is no frame', 6, /sent what is no reply: bytes that are no frame/],
    ['answers with nothing', 7, /the reply: classes must be/]
  ] as const
  for (const [how, code, reason] of failures) {
    test(how, async () => {
      const { observer, heard } = listening()
      const engine = new SupervisedWorker({ path: '', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment, observer })
      await engine.start()
      try {
        const failed = once(heard, 'failed')
        await assert.rejects(engine.run([Uint8Array.of(code)]), { code: 'inference_failed' })
        assert.match(String((await failed)[0]), reason)
        if (!engine.ready) await once(heard, 'ready')
        assert.equal((await engine.run([Uint8Array.of(0)])).probabilities[0], 1)
      } finally {
        await engine.close()
      }
    })
  }

  test('hangs, while a batch waits behind the one that does', async () => {
    const { observer, heard } = listening()
    const options = { path: '', imageBytes: 1, warmUpBatchSizes: [], runTimeoutMs: 500, workerFile, environment, observer }
    const engine = new SupervisedWorker(options)
    await engine.start()
    try {
      const ready = once(heard, 'ready')
      const runs = [engine.run([Uint8Array.of(3)]), engine.run([Uint8Array.of(0)])]
      await Promise.all(runs.map((run) => assert.rejects(run, ({ code, cause }: ServiceError) => {
        return code === 'inference_failed' && /did not answer within 500 ms/.test(String(cause))
      })))
      await ready
      assert.equal((await engine.run([Uint8Array.of(0)])).probabilities[0], 1)
    } finally {
      await engine.close()
    }
  })

  test('is killed between two batches, as when memory runs out', { skip: process.platform !== 'linux' }, async () => {
    const { observer, heard } = listening()
    const engine = new SupervisedWorker({ path: '', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment, observer })
    await engine.start()
    try {
      const [failed, ready] = [once(heard, 'failed'), once(heard, 'ready')]
      for (const child of await childrenOf(process.pid)) process.kill(child, 'SIGKILL')
      assert.match(String((await failed)[0]), /was ended by SIGKILL \(as when memory runs out\)/)
      await ready
      assert.ok(engine.usage.residentBytes > 0 && engine.usage.residentBytes < 2 ** 40)
    } finally {
      await engine.close()
    }
    assert.deepEqual(await childrenOf(process.pid), [])
  })

  test('one that is closed while it hangs does not hold its owner', async () => {
    const engine = new SupervisedWorker({ path: '', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment })
    await engine.start()
    const run = assert.rejects(engine.run([Uint8Array.of(3)]), { code: 'inference_failed' })
    await engine.close()
    await run
  })

  test('a worker that cannot load says why', async () => {
    const engine = new SupervisedWorker({ path: 'refuse', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment })
    await assert.rejects(engine.start(), /no such model/)
  })
})

test('a worker that replaces another is warmed with the batch sizes that are used by then', async () => {
  const path = join(cacheDir, 'warmed.txt')
  const workerFile = new URL('../support/recording-worker.js', import.meta.url)
  const { observer, heard } = listening()
  const engine = new SupervisedWorker({ path, imageBytes: 1, warmUpBatchSizes: [1], workerFile, environment, observer })
  await engine.start()
  try {
    engine.warmUpWith([1, 16])
    const ready = once(heard, 'ready')
    await assert.rejects(engine.run([Uint8Array.of(0)]), { code: 'inference_failed' })
    await ready
    assert.equal(readFileSync(path, 'utf8'), '[1]\n[1,16]\n')
  } finally {
    await engine.close()
  }
})

suite('a worker whose model is not there yet', () => {
  const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)
  const start = (path: Promise<string>): { readonly engine: SupervisedWorker, readonly started: Promise<unknown> } => {
    const engine = new SupervisedWorker({ path, imageBytes: 1, warmUpBatchSizes: [], workerFile, environment })
    return { engine, started: engine.start() }
  }

  test('has its process already, and is ready when it comes', async () => {
    const others = await childrenOf(process.pid)
    let give: (path: string) => void = () => {}
    const { engine, started } = start(new Promise((resolve) => { give = resolve }))
    assert.equal((await childrenOf(process.pid)).length, others.length + 1)
    assert.equal(engine.ready, false)
    give('')
    await started
    assert.equal(engine.ready, true)
    await engine.close()
  })

  test('ends with the reason for which there is none', async () => {
    const others = await childrenOf(process.pid)
    const { started } = start(Promise.reject(new Error('no space for it')))
    await assert.rejects(started, /no space for it/)
    assert.deepEqual(await childrenOf(process.pid), others)
  })
})
