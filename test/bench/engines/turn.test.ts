import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TimedEngine } from '../../../bench/engines/engine.js'
import { timeTurn, warmUp } from '../../../bench/engines/turn.js'

/** Notes what is asked of it. The first two runs of a turn take long, the others 1, 2, 3 and so on milliseconds an image. */
class FakeEngine implements TimedEngine {
  readonly version = 'fake'
  readonly asked: Array<readonly [batchSize: number, repeats: number]> = []

  async run (batchSize: number, repeats: number): Promise<{ milliseconds: readonly number[], probabilities: Float32Array }> {
    this.asked.push([batchSize, repeats])
    const counted = Array.from({ length: repeats - 2 }, (_, index) => (index + 1) * batchSize)
    return { milliseconds: [1000, 1000, ...counted], probabilities: new Float32Array() }
  }

  async stop (): Promise<void> {}
}

test('a turn counts a dozen images, three runs at least, and not its first two runs', async () => {
  const engine = new FakeEngine()
  assert.equal(await timeTurn(engine, 1), 6.5)
  assert.equal(await timeTurn(engine, 4), 2)
  assert.equal(await timeTurn(engine, 16), 2)
  assert.deepEqual(engine.asked, [[1, 14], [4, 5], [16, 5]])
})

test('every engine runs each size of batch before the first turn', async () => {
  const engines = [new FakeEngine(), new FakeEngine()]
  await warmUp(engines, [1, 8])
  for (const { asked } of engines) assert.deepEqual(asked.map(([batchSize]) => batchSize), [1, 8])
})
