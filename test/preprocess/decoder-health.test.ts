import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { ServiceError } from '../../src/base/errors.js'
import { DecodeFailure } from '../../src/preprocess/decode-failure.js'
import { DecoderHealth, type DecoderHealthOptions } from '../../src/preprocess/decoder-health.js'
import { until } from '../support/until.js'

const NO_THREAD = new DecodeFailure('jpeg', 'system', new Error('glib: Error creating thread: Resource temporarily unavailable'))
const NO_WORD = new DecodeFailure('jpeg', 'unclear', new Error('Unknown error'))

interface Watched {
  readonly health: DecoderHealth
  /** What the observer was told. */
  readonly told: string[]
  /** What the check rejects with, while there is something. */
  problem: DecodeFailure | undefined
  checks: number
}

function watched (options: Partial<DecoderHealthOptions> = {}): Watched {
  const told: string[] = []
  const state: Watched = {
    told,
    problem: undefined,
    checks: 0,
    health: new DecoderHealth({
      check: async () => {
        state.checks++
        if (state.problem !== undefined) throw state.problem
      },
      observer: {
        failed: ({ message }, isTold) => { told.push(`failed${isTold ? '' : ' silently'}: ${message}`) },
        broke: ({ message }) => { told.push(`broke: ${message}`) },
        recovered: () => { told.push('recovered') }
      },
      patienceMs: 0,
      ...options
    })
  }
  return state
}

/** Fails with each in turn, and then succeeds. */
function failing (...failures: Error[]): () => Promise<string> {
  return async () => {
    const next = failures.shift()
    if (next !== undefined) throw next
    return 'pixels'
  }
}

suite('what a decoder fails at', () => {
  test('the second try counts', async () => {
    for (const failure of [NO_THREAD, NO_WORD]) {
      const { health, told } = watched()
      assert.equal(await health.attempt(failing(failure)), 'pixels')
      assert.deepEqual(told, [])
    }
  })

  test('the upload\'s own error is thrown as it is, at once', async () => {
    const { health } = watched()
    const error = new ServiceError('undecodable_image', 'damaged')
    await assert.rejects(health.attempt(failing(error)), error)
  })

  test('the system\'s is 503, counted each time and told once', async () => {
    const { health, told } = watched()
    for (let picture = 0; picture < 2; picture++) {
      await assert.rejects(health.attempt(failing(NO_THREAD, NO_THREAD)), { code: 'decoder_failed', status: 503, retryAfterSeconds: 2 })
    }
    assert.deepEqual(told, [`failed: ${NO_THREAD.message}`, `failed silently: ${NO_THREAD.message}`])
    assert.equal(health.problem, undefined, 'other pictures are decoded')
  })

  test('what no decoder has a word for is the upload\'s fault while other pictures are decoded, and not otherwise', async () => {
    const well = watched()
    for (let picture = 0; picture < 3; picture++) {
      await assert.rejects(well.health.attempt(failing(NO_WORD, NO_WORD)), { code: 'undecodable_image', status: 422 })
    }
    assert.equal(well.checks, 1, 'uploads do not have it checked as often as they like')
    const broken = watched()
    broken.problem = NO_THREAD
    await assert.rejects(broken.health.attempt(failing(NO_WORD, NO_WORD)), { code: 'decoder_failed' })
  })

  test('nothing is decoded until it is again', async () => {
    const state = watched()
    const { health, told } = state
    state.problem = NO_THREAD
    await assert.rejects(health.attempt(failing(NO_THREAD, NO_THREAD)), { code: 'decoder_failed' })
    assert.equal(health.problem, NO_THREAD)
    state.problem = undefined
    await until('no problem any more', () => health.problem === undefined)
    assert.deepEqual(told, [`broke: ${NO_THREAD.message}`, `failed: ${NO_THREAD.message}`, 'recovered'])
  })

  test('whoever has patience tries again until it is over', async () => {
    const { health, told } = watched({ patienceMs: 800 })
    assert.equal(await health.attempt(failing(NO_THREAD, NO_THREAD, NO_THREAD, NO_THREAD)), 'pixels')
    assert.deepEqual(told, [])
    await assert.rejects(health.attempt(failing(...Array.from({ length: 9 }, () => NO_THREAD))), { code: 'decoder_failed' })
  })

  test('a signal ends the waiting', async () => {
    const { health } = watched({ patienceMs: 60_000 })
    const endless = async (): Promise<never> => { throw NO_THREAD }
    await assert.rejects(health.attempt(endless, AbortSignal.timeout(50)), { name: 'AbortError' })
  })

  test('a warm-up that the system does not let pass ends in a sentence with the remedy', async () => {
    const passing = failing(NO_THREAD)
    const { health } = watched()
    await health.demand(async () => { await passing() })
    await assert.rejects(health.demand(async () => { throw NO_THREAD }), {
      name: 'SystemFailure',
      message: 'JPEG pictures cannot be decoded here (glib: Error creating thread: Resource temporarily unavailable): ' +
        'raise the limit on processes and threads (pids.max of the control group, ulimit -u)'
    })
  })
})
