import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Places, type Place } from '../../src/engine/places.js'
import { until } from '../support/until.js'

const never = new AbortController().signal

/** As many places as a client gets. */
function flood (places: Places, client: string): Place[] {
  const taken: Place[] = []
  for (;;) {
    try {
      taken.push(places.take(client))
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'queue_full')
      return taken
    }
  }
}

test('a small queue is one client\'s to the last place; of a larger one a flood leaves some to others', () => {
  assert.equal(flood(new Places(1, () => {}), 'a').length, 1)
  assert.equal(flood(new Places(8, () => {}), 'a').length, 8)
  const places = new Places(256)
  assert.equal(flood(places, 'a').length, 228)
  assert.ok(flood(places, 'b').length > 20)
  places.take('c')
  assert.ok(places.taken <= 256)
})

test('a place that is given back twice is free once', () => {
  const places = new Places(2)
  const [first] = flood(places, 'a')
  first?.release()
  first?.release()
  assert.equal(places.taken, 1)
})

test('who waits comes before who asks later, and clients take turns', async () => {
  const places = new Places(1)
  const order: string[] = []
  const held = places.take('a')
  for (const client of ['a', 'a', 'b']) {
    places.wait(client, never).then((place) => {
      order.push(client)
      assert.throws(() => places.take('c'), { code: 'queue_full' })
      setImmediate(() => { place.release() })
    }, assert.ifError)
  }
  assert.equal(places.wanted, 3)
  held.release()
  assert.throws(() => places.take('c'), { code: 'queue_full' }, 'the place went to the one who waits')
  await until('three that have a place', () => order.length >= 3)
  assert.deepEqual(order, ['a', 'b', 'a'])
})

test('who waits leaves when the signal is aborted, with its reason', async () => {
  const places = new Places(1)
  const held = places.take('a')
  const controller = new AbortController()
  const waiting = places.wait('a', controller.signal)
  controller.abort(new Error('gone'))
  await assert.rejects(waiting, /gone/)
  await assert.rejects(places.wait('a', controller.signal), /gone/)
  held.release()
  assert.deepEqual([places.taken, places.wanted], [0, 0])
})
