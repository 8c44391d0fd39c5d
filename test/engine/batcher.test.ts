import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batcher, type BatchRunner } from '../../src/engine/batcher.js'
import type { RunReply } from '../../src/engine/protocol.js'

/** An engine whose runs end when the test says so; each image's first byte comes back as its probability. */
class ManualEngine implements BatchRunner {
  ready = true
  workers = 1
  readonly batches: number[][] = []
  private finishers: Array<(error?: Error) => void> = []

  run (images: ReadonlyArray<Uint8Array<ArrayBuffer>>): Promise<RunReply> {
    const values = images.map((image) => image[0] ?? -1)
    this.batches.push(values)
    return new Promise((resolve, reject) => {
      this.finishers.push((error) => { error === undefined ? resolve({ probabilities: Float32Array.from(values), inferenceMs: 1 }) : reject(error) })
    })
  }

  async finish (error?: Error): Promise<void> {
    this.finishers.shift()?.(error)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const never = new AbortController().signal
const image = (value: number): Uint8Array<ArrayBuffer> => Uint8Array.of(value)

function setUp (options: { maxBatchSize?: number, queueSize?: number, batchDelayMs?: number } = {}): { engine: ManualEngine, batcher: Batcher } {
  const engine = new ManualEngine()
  return { engine, batcher: new Batcher({ engine, maxBatchSize: 4, queueSize: 8, batchDelayMs: 0, ...options }) }
}

test('a lone image goes at once; what comes meanwhile shares the next batch, in order', async () => {
  const { engine, batcher } = setUp()
  const answers = [batcher.reserve(1, never).submit(image(0))]
  const rest = batcher.reserve(6, never)
  for (let value = 1; value <= 6; value++) answers.push(rest.submit(image(value)))
  assert.deepEqual(engine.batches, [[0], [1, 2, 3, 4]], 'a full batch is handed over ahead, one that may grow is not')
  await engine.finish()
  assert.equal(engine.batches.length, 2)
  await engine.finish()
  await engine.finish()
  assert.deepEqual(engine.batches, [[0], [1, 2, 3, 4], [5, 6]])
  const settled = await Promise.all(answers)
  assert.deepEqual(settled.map((answer) => answer.probabilities[0]), [0, 1, 2, 3, 4, 5, 6])
  assert.deepEqual(settled.map((answer) => answer.batchSize), [1, 4, 4, 4, 4, 2, 2])
})

test('admission is all or nothing, and places come back', async () => {
  const { engine, batcher } = setUp({ queueSize: 4 })
  const held = batcher.reserve(3, never)
  assert.throws(() => batcher.reserve(2, never), { code: 'queue_full', retryAfterSeconds: 1 })
  assert.equal(batcher.queueLength, 3)
  held.release()
  batcher.reserve(2, never)
  assert.equal(batcher.queueLength, 4)
  held.submit(image(1)).catch(() => {})
  assert.equal(batcher.queueLength, 3, 'the engine took one')
  await engine.finish()
})

test('an image whose client has gone leaves before it costs anything', async () => {
  const { engine, batcher } = setUp()
  batcher.reserve(1, never).submit(image(0)).catch(() => {})
  const client = new AbortController()
  const gone = batcher.reserve(1, client.signal).submit(image(1))
  const stays = batcher.reserve(1, never).submit(image(2))
  client.abort(new Error('gone'))
  await assert.rejects(gone, /gone/)
  assert.equal(batcher.queueLength, 1)
  await engine.finish()
  await engine.finish()
  assert.deepEqual(engine.batches, [[0], [2]])
  assert.equal((await stays).probabilities[0], 2)
})

test('a failed batch fails its images once; the next batch waits until the engine is ready', async () => {
  const { engine, batcher } = setUp()
  const first = batcher.reserve(1, never).submit(image(0))
  const second = batcher.reserve(1, never).submit(image(1))
  engine.ready = false
  const failed = assert.rejects(first, /broken/)
  await engine.finish(new Error('broken'))
  await failed
  assert.equal(engine.batches.length, 1)
  engine.ready = true
  batcher.wake()
  await engine.finish()
  assert.equal((await second).probabilities[0], 1)
})

test('with a delay an image waits for company, but a full batch goes at once', async () => {
  const { engine, batcher } = setUp({ batchDelayMs: 60_000, maxBatchSize: 2 })
  const both = batcher.reserve(2, never)
  const answers = [both.submit(image(1))]
  assert.deepEqual(engine.batches, [])
  answers.push(both.submit(image(2)))
  assert.deepEqual(engine.batches, [[1, 2]])
  await engine.finish()
  await Promise.all(answers)
})

test('several workers have a batch each; one more each only if it is full', async () => {
  const { engine, batcher } = setUp({ maxBatchSize: 2 })
  engine.workers = 2
  const places = batcher.reserve(8, never)
  const answers = [0, 1, 2, 3, 4, 5, 6].map((value) => places.submit(image(value)))
  assert.deepEqual(engine.batches, [[0], [1], [2, 3], [4, 5]])
  for (let run = 0; run < 5; run++) await engine.finish()
  assert.deepEqual(engine.batches.at(-1), [6])
  await Promise.all(answers)
})
