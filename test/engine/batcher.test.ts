import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServiceError } from '../../src/base/errors.js'
import { Batcher, type BatchRunner } from '../../src/engine/batcher.js'
import type { Place } from '../../src/engine/places.js'
import type { EngineImage, EngineImages, RunReply } from '../../src/engine/protocol.js'
import { outputNames, type Wanted } from '../../src/engine/wanted.js'

/** An engine whose runs end when the test says so; each image's first byte comes back as its probability. */
class ManualEngine implements BatchRunner {
  ready = true
  workers = 1
  readonly batches: number[][] = []
  readonly wanted: Wanted[] = []
  private finishers: Array<(error?: Error) => void> = []

  run (images: EngineImages, wanted: Wanted): Promise<RunReply> {
    const values = images.map((image: EngineImage) => image[0] ?? -1)
    this.batches.push(values)
    this.wanted.push(wanted)
    // Two numbers an image of each output, so that rows are told apart.
    const rows = { shape: [2], values: Float32Array.from(values.flatMap((value) => [value, value + 0.5])) }
    const outputs = Object.fromEntries(outputNames(wanted).map((name) => [name, rows]))
    return new Promise((resolve, reject) => {
      this.finishers.push((error) => {
        if (error === undefined) resolve({ probabilities: Float32Array.from(values), outputs, inferenceMs: 1 })
        else reject(error)
      })
    })
  }

  async finish (error?: Error): Promise<void> {
    this.finishers.shift()?.(error)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const never = new AbortController().signal
const image = (value: number): Uint8Array<ArrayBuffer> => Uint8Array.of(value)

function setUp (
  options: { maxBatchSize?: number, queueSize?: number, batchDelayMs?: number } = {}
): { engine: ManualEngine, batcher: Batcher } {
  const engine = new ManualEngine()
  const batcher = new Batcher({
    engine,
    imageLength: 1,
    outputs: ['features', 'maps'],
    maxBatchSize: 4,
    queueSize: 8,
    batchDelayMs: 0,
    ...options
  })
  return { engine, batcher }
}

/** Submits an image that has a place of its own. */
const send = (batcher: Batcher, value: number, signal = never, client = ''): ReturnType<Batcher['submit']> =>
  batcher.submit(image(value), batcher.places.take(client), signal)

/** The same with any kind of image, and outputs that are wanted. */
const submit = (batcher: Batcher, one: EngineImage, wanted: Wanted = {}): ReturnType<Batcher['submit']> =>
  batcher.submit(one, batcher.places.take(''), never, wanted)

test('a lone image goes at once; what comes meanwhile shares the next batch, in order', async () => {
  const { engine, batcher } = setUp()
  const answers = [send(batcher, 0)]
  for (let value = 1; value <= 6; value++) answers.push(send(batcher, value))
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

test('the place of an image is free again once the engine took it', async () => {
  const { engine, batcher } = setUp({ queueSize: 4 })
  const places = [1, 2, 3].map(() => batcher.places.take(''))
  batcher.submit(image(1), places[0] as Place, never).catch(() => {})
  assert.equal(batcher.places.taken, 2)
  batcher.submit(image(2), places[1] as Place, never).catch(() => {})
  assert.equal(batcher.places.taken, 2, 'the engine is busy')
  await engine.finish()
  assert.equal(batcher.places.taken, 1)
  await engine.finish()
})

test('clients take turns', async () => {
  const { engine, batcher } = setUp({ maxBatchSize: 2, queueSize: 20 })
  const answers = [0, 1, 2, 3, 4, 5, 6].map((value) => send(batcher, value, never, 'flood'))
  answers.push(send(batcher, 9, never, 'single'))
  for (let run = 0; run < 5; run++) await engine.finish()
  assert.deepEqual(engine.batches, [[0], [1, 2], [3, 9], [4, 5], [6]])
  await Promise.all(answers)
})

test('an image whose client has gone leaves before it costs anything', async () => {
  const { engine, batcher } = setUp()
  send(batcher, 0).catch(() => {})
  const client = new AbortController()
  const gone = send(batcher, 1, client.signal)
  const stays = send(batcher, 2)
  client.abort(new Error('gone'))
  await assert.rejects(gone, /gone/)
  assert.equal(batcher.places.taken, 1)
  await engine.finish()
  await engine.finish()
  assert.deepEqual(engine.batches, [[0], [2]])
  assert.equal((await stays).probabilities[0], 2)
})

test('an image that fails twice is given up; the next batch waits until the engine is ready', async () => {
  const { engine, batcher } = setUp()
  const first = send(batcher, 0)
  const second = send(batcher, 1)
  engine.ready = false
  await engine.finish(new Error('broken'))
  assert.equal(engine.batches.length, 1)
  assert.equal(batcher.places.taken, 1, 'the other still waits')
  const failed = assert.rejects(first, /broken again/)
  engine.ready = true
  batcher.wake()
  await engine.finish(new Error('broken again'))
  await failed
  await engine.finish()
  assert.deepEqual(engine.batches, [[0], [0], [1]])
  assert.equal((await second).probabilities[0], 1)
  assert.equal(batcher.places.taken, 0)
})

test('one image that breaks the engine fails alone: the others are tried once more, each on its own, before all that wait', async () => {
  const { engine, batcher } = setUp({ maxBatchSize: 2 })
  const answers = [0, 1, 2, 3, 4, 5, 6].map((value) => send(batcher, value))
  answers[1]?.catch(() => {})
  assert.deepEqual(engine.batches, [[0], [1, 2]], 'a full batch is held ahead')
  await engine.finish()
  // The worker dies with both batches that it holds.
  assert.deepEqual(engine.batches.slice(2), [[3, 4]])
  await engine.finish(new Error('broken'))
  await engine.finish(new Error('broken'))
  const retried = [[1], [2], [3], [4]]
  for (const [index, batch] of retried.entries()) {
    const done = retried.slice(0, index)
    assert.deepEqual(engine.batches.slice(3), [...done, batch], 'nothing is held ahead beside one that may break the worker')
    await engine.finish(batch[0] === 1 ? new Error('broken by 1') : undefined)
  }
  assert.deepEqual(engine.batches.slice(7), [[5, 6]])
  await engine.finish()
  const settled = await Promise.allSettled(answers)
  const outcomes = settled.map((one) => one.status === 'fulfilled' ? one.value.probabilities[0] : String(one.reason))
  assert.deepEqual(outcomes, [0, 'Error: broken by 1', 2, 3, 4, 5, 6])
})

test('once the engine is lost, what it held and what waits fail at once, and nothing is tried again', async () => {
  const { engine, batcher } = setUp()
  const held = send(batcher, 0)
  const waits = send(batcher, 1)
  engine.ready = false
  batcher.giveUp(new ServiceError('not_ready', 'lost'))
  await assert.rejects(waits, { code: 'not_ready' })
  const failed = assert.rejects(held, /hangs/)
  await engine.finish(new Error('hangs'))
  await failed
  assert.equal(batcher.places.taken, 0)
})

test('whoever goes before the second try costs none', async () => {
  const { engine, batcher } = setUp()
  const before = new AbortController()
  const during = new AbortController()
  const gone = [before, during].map((client) => send(batcher, 0, client.signal))
  const stays = send(batcher, 1)
  engine.ready = false
  before.abort(new Error('gone early'))
  await assert.rejects(gone[0] ?? stays, /gone early/)
  await engine.finish(new Error('broken'))
  during.abort(new Error('gone late'))
  await assert.rejects(gone[1] ?? stays, /gone late/)
  assert.equal(batcher.places.taken, 1)
  engine.ready = true
  batcher.wake()
  await engine.finish()
  assert.equal((await stays).probabilities[0], 1)
  assert.deepEqual(engine.batches, [[0], [1]])
})

test('with a delay an image waits for company, but a full batch goes at once', async () => {
  const { engine, batcher } = setUp({ batchDelayMs: 60_000, maxBatchSize: 2 })
  const answers = [send(batcher, 1)]
  assert.deepEqual(engine.batches, [])
  answers.push(send(batcher, 2))
  assert.deepEqual(engine.batches, [[1, 2]])
  await engine.finish()
  await Promise.all(answers)
})

test('several workers have a batch each; one more each only if it is full', async () => {
  const { engine, batcher } = setUp({ maxBatchSize: 2 })
  engine.workers = 2
  const answers = [0, 1, 2, 3, 4, 5, 6].map((value) => send(batcher, value))
  assert.deepEqual(engine.batches, [[0], [1], [2, 3], [4, 5]])
  for (let run = 0; run < 5; run++) await engine.finish()
  assert.deepEqual(engine.batches.at(-1), [6])
  await Promise.all(answers)
})

test('a batch computes what any of its images wants, and each answer has only its own', async () => {
  const { engine, batcher } = setUp()
  const first = submit(batcher, image(9))
  const wants: Wanted[] = [{ outputs: ['maps'], topMaps: 2 }, {}, { outputs: ['maps', 'features'] }, { topMaps: 3 }]
  const answers = wants.map((wanted, index) => submit(batcher, image(index + 1), wanted))
  await engine.finish()
  await engine.finish()
  assert.deepEqual(engine.wanted, [{ outputs: [], topMaps: 0 }, { outputs: ['features', 'maps'], topMaps: 3 }])
  assert.deepEqual((await first).outputs, {})
  const row = (value: number): { shape: number[], values: Float32Array } => ({ shape: [2], values: Float32Array.of(value, value + 0.5) })
  const given = (await Promise.all(answers)).map(({ outputs }) => outputs)
  assert.deepEqual(given, [{ maps: row(1), top_maps: row(1) }, {}, { maps: row(3), features: row(3) }, { top_maps: row(4) }])
})

test('pictures and values never share a batch; whichever waits longest goes first', async () => {
  const { engine, batcher } = setUp()
  const values = (value: number): Float32Array<ArrayBuffer> => Float32Array.of(value)
  const answers = [image(0), values(-1.5), image(2), values(-3.5), image(4), image(5)].map((one) => submit(batcher, one))
  for (let run = 0; run < 3; run++) await engine.finish()
  assert.deepEqual(engine.batches, [[0], [-1.5, -3.5], [2, 4, 5]])
  assert.deepEqual((await Promise.all(answers)).map(({ probabilities }) => probabilities[0]), [0, -1.5, 2, -3.5, 4, 5])
})

test('an image of another size, or an output that the network lacks, is refused alone and gives its place back', async () => {
  const { engine, batcher } = setUp()
  await assert.rejects(submit(batcher, Uint8Array.of(1, 2)), /an image has 2 numbers, and the network takes 1/)
  await assert.rejects(submit(batcher, image(1), { outputs: ['feature_map'] }), /the network has no output feature_map/)
  const good = submit(batcher, image(3))
  assert.equal(batcher.places.taken, 0)
  await engine.finish()
  assert.equal((await good).probabilities[0], 3)
})
