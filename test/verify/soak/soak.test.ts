import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growth, memorySlope } from '../../../verify/soak/growth.js'
import { Ledger, differences, imageDifferences } from '../../../verify/soak/ledger.js'
import { soak } from '../../../verify/soak/run.js'

test('mixed traffic with faults: every request has one answer, and the counts are what clients saw', async () => {
  const { ledger, checkpoints } = await soak({ seed: 7, actions: 60, goesOn: (rounds) => rounds < 2 })
  assert.deepEqual(ledger.violations, [])
  assert.equal(checkpoints.length, 2)
  assert.ok((ledger.requests.ok ?? 0) > 40)
  assert.ok(Object.keys(ledger.requests).length > 5, JSON.stringify(ledger.requests))
})

const ledger = (requests: Record<string, number>, uncertain = 0): Ledger =>
  Object.assign(new Ledger(), { requests, uncertain })

test('a count that clients did not see is found, and so is one that is missing', () => {
  assert.deepEqual(differences({ ok: 3, queue_full: 1 }, ledger({ ok: 3, queue_full: 1 })), [])
  assert.equal(differences({ ok: 4 }, ledger({ ok: 3 })).length, 2)
  assert.equal(differences({ ok: 2 }, ledger({ ok: 3 })).length, 2)
  assert.equal(differences({ ok: 3 }, ledger({ ok: 2, queue_full: 1 })).length, 2)
})

test('a client that does not know its answer is counted once, whatever it was', () => {
  assert.deepEqual(differences({ ok: 4 }, ledger({ ok: 3 }, 1)), [])
  assert.deepEqual(differences({ ok: 3, client_closed_request: 1 }, ledger({ ok: 3 }, 1)), [])
  assert.equal(differences({ ok: 3 }, ledger({ ok: 3 }, 1)).length, 1)
})

test('images that replies tell of are counted', () => {
  const seen = Object.assign(new Ledger(), { images: { ok: 2, undecodable_image: 1 } })
  assert.deepEqual(imageDifferences({ ok: 2, undecodable_image: 3 }, seen), [])
  assert.equal(imageDifferences({ ok: 3, undecodable_image: 1 }, seen).length, 1)
  assert.equal(imageDifferences({ ok: 2 }, seen).length, 1)
})

test('what grows after warming up is found, with its slope', () => {
  const held = (rssOf: (index: number) => number): Parameters<typeof growth>[0] => Array.from({ length: 9 }, (_, index) => (
    { minutes: index, requests: 0, rssMiB: rssOf(index), handles: 20, threads: 10, processes: 1 }
  ))
  assert.deepEqual(growth(held((index) => index < 3 ? 100 * index : 500)), [])
  assert.equal(memorySlope(held(() => 500)), 0)
  assert.equal(growth(held((index) => 500 + 50 * index)).length, 1)
  assert.ok(Math.abs(memorySlope(held((index) => 500 + 50 * index)) - 3000) < 1e-6)
})
