import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Workload } from '../../src/service/workload.js'

interface Simulated {
  readonly workload: Workload
  /** Answers images of a client, each so many milliseconds after the one before. */
  answer (client: string, images: number, eachMs: number): void
}

/** Chance is always at its least unless it is given. */
function simulated (fullLoad: number, chance = 0): Simulated {
  let clock = 0
  const workload = new Workload({ fullLoad, now: () => clock, random: () => chance })
  return {
    workload,
    answer: (client, images, eachMs) => {
      for (let image = 0; image < images; image++) {
        clock += eachMs
        workload.left(client, true)
      }
    }
  }
}

test('without full load nothing is measured, and nobody is told to wait long', () => {
  const { workload, answer } = simulated(8)
  for (let request = 0; request < 100; request++) {
    workload.arrived('a', 7)
    answer('a', 7, 1000)
  }
  const { rate, retryAfterSeconds, size } = workload
  assert.deepEqual([rate, workload.secondsUntilAnswered('a'), retryAfterSeconds, size], [undefined, undefined, 1, 0])
  workload.demandTime('a', 0)
})

test('the rate is that of the images answered under full load, the last ones above all', () => {
  const { workload, answer } = simulated(8)
  workload.arrived('a', 1000)
  answer('a', 400, 100)
  assert.ok(Math.abs((workload.rate ?? 0) - 10) < 0.01)
  answer('a', 400, 10)
  const { rate = 0 } = workload
  assert.ok(rate > 90 && rate < 100, String(rate))
})

test('time in which nothing waits is not counted', () => {
  const { workload, answer } = simulated(8)
  for (let burst = 0; burst < 10; burst++) {
    workload.arrived('a', 20)
    answer('a', 20, 100)
    workload.arrived('a', 1)
    answer('a', 1, 60_000)
  }
  assert.ok(Math.abs((workload.rate ?? 0) - 10) < 0.01)
})

test('images that are given up say nothing about the rate', () => {
  const { workload, answer } = simulated(8)
  workload.arrived('a', 200)
  answer('a', 50, 100)
  for (let image = 0; image < 100; image++) workload.left('a', false)
  assert.ok(Math.abs((workload.rate ?? 0) - 10) < 0.01)
  assert.equal(workload.size, 50)
})

test('of others as many images come before a client\'s as it has itself', () => {
  const { workload, answer } = simulated(8)
  workload.arrived('a', 150)
  answer('a', 50, 100)
  workload.arrived('b', 3)
  const seconds = (client: string): number => Math.round((workload.secondsUntilAnswered(client) ?? 0) * 10)
  assert.deepEqual(['new', 'b', 'a'].map(seconds), [3, 8, 104], 'tenths of a second at ten images a second')
  workload.demandTime('b', 1000)
  assert.throws(() => { workload.demandTime('a', 1000) }, { code: 'deadline_unreachable', retryAfterSeconds: 11 })
})

test('Retry-After is what the work takes, spread by chance, from 1 to 60 seconds', () => {
  for (const [images, chance, seconds] of [[100, 0, 10], [100, 0.999, 15], [101, 0, 11], [8, 0, 1], [5000, 0, 60]] as const) {
    const { workload, answer } = simulated(8, chance)
    workload.arrived('a', images + 50)
    answer('a', 50, 100)
    assert.equal(workload.retryAfterSeconds, seconds)
  }
})
