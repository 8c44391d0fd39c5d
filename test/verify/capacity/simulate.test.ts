import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../../../verify/capacity/simulate.js'

const engineOnly = (...inferenceMs: number[]): Parameters<typeof simulate>[0] => ({ decoders: 1, decodeMs: 0, inferenceMs, overheadMs: 0 })
const near = (value: number, expected: number, share: number): void => {
  assert.ok(Math.abs(value - expected) <= expected * share, `${value} is not within ${share * 100} % of ${expected}`)
}
const LOAD = { replicas: 1, requests: 400_000, seed: 1 }

test('without batches it is the M/D/1 queue, whose mean wait is known', () => {
  const serviceMs = 10
  for (const busy of [0.3, 0.6, 0.8]) {
    const outcome = simulate(engineOnly(serviceMs), { maxBatchSize: 1, batchDelayMs: 0 }, { ...LOAD, arrivalRate: busy / serviceMs * 1000 })
    // Pollaczek and Khinchine, with a constant service time.
    near(outcome.meanMs, serviceMs + busy * serviceMs / (2 * (1 - busy)), 0.02)
    near(outcome.engineBusy, busy, 0.01)
    assert.equal(outcome.meanBatchSize, 1)
  }
})

test('random assignment makes replicas independent: as many at so many times the load behave the same', () => {
  const one = simulate(engineOnly(10), { maxBatchSize: 1, batchDelayMs: 0 }, { ...LOAD, arrivalRate: 50 })
  assert.deepEqual(simulate(engineOnly(10), { maxBatchSize: 1, batchDelayMs: 0 }, { ...LOAD, arrivalRate: 200, replicas: 4 }), one)
})

test('batches carry a load that single images cannot, and a delay makes them larger and the wait longer', () => {
  const replica = engineOnly(10, 12, 14, 16)
  const load = { ...LOAD, arrivalRate: 150 }
  const single = simulate(replica, { maxBatchSize: 1, batchDelayMs: 0 }, load)
  const batched = simulate(replica, { maxBatchSize: 4, batchDelayMs: 0 }, load)
  assert.ok(single.engineBusy > 0.99 && batched.engineBusy < 0.99)
  assert.ok(batched.p99Ms < single.p99Ms)
  const calm = { ...LOAD, arrivalRate: 20 }
  const [eager, patient] = [0, 20].map((batchDelayMs) => simulate(replica, { maxBatchSize: 4, batchDelayMs }, calm))
  assert.ok(eager !== undefined && patient !== undefined)
  assert.ok(patient.meanBatchSize > eager.meanBatchSize && patient.p50Ms > eager.p50Ms)
})

test('decoders are a queue of their own', () => {
  const replica = { decoders: 2, decodeMs: 10, inferenceMs: [0], overheadMs: 3 }
  const policy = { maxBatchSize: 1, batchDelayMs: 0 }
  const outcome = simulate(replica, policy, { ...LOAD, arrivalRate: 1 })
  near(outcome.p50Ms, 13, 0.001)
  // Above 200 a second two decoders of 10 ms cannot follow.
  assert.ok(simulate({ ...replica, overheadMs: 0 }, policy, { ...LOAD, arrivalRate: 220 }).p50Ms > 1000)
})
