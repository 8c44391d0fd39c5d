import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp, { type Sharp } from 'sharp'

import { configureDecoding, createDecoder, MemoryTurns } from '../../src/preprocess/index.js'
import { until } from '../support/until.js'
import { CROP, gradient, LIMITS, toSharp, toPixels } from './pictures.js'

const upload = await toSharp(gradient(300, 200)).jpeg().toBuffer()
/** Slow to decode if it is progressive: nothing can be shrunk before all of it is read. */
const large = (): Sharp => sharp({ create: { width: 4000, height: 3000, channels: 3, background: 'teal' } })
const options = { input: CROP, limits: { ...LIMITS, maxImagePixels: 12_000_000 }, memory: new MemoryTurns(2 ** 30), timeoutMs: 60_000 }

configureDecoding({ threads: 1 })

suite('decoder', () => {
  test('gives what toPixels gives', async () => {
    const decoder = createDecoder({ ...options, concurrency: 2 })
    assert.deepEqual(await decoder.decode(upload), await toPixels(upload, CROP, LIMITS))
  })

  test('decodes no more images at once than it is told', async () => {
    const decoder = createDecoder({ ...options, concurrency: 2 })
    const all = Array.from({ length: 12 }, async () => {
      await decoder.decode(upload)
      assert.ok(decoder.active <= 2)
    })
    assert.equal(decoder.active, 2)
    assert.equal(decoder.waiting, 10)
    await Promise.all(all)
    assert.equal(decoder.waiting, 0)
  })

  test('first come, first served', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const finished: number[] = []
    await Promise.all(Array.from({ length: 6 }, async (_, index) => {
      await decoder.decode(upload)
      finished.push(index)
    }))
    assert.deepEqual(finished, [0, 1, 2, 3, 4, 5])
  })

  test('clients take turns', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const finished: string[] = []
    await Promise.all([...'aaaab'].map(async (client) => {
      await decoder.decode(upload, undefined, client)
      finished.push(client)
    }))
    assert.equal(finished.join(''), 'aabaa')
  })

  test('a failure frees its place', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const fail = async (): Promise<void> => {
      await assert.rejects(decoder.decode(Buffer.from('text')), { code: 'unsupported_image_format' })
    }
    const failing = [fail(), fail(), fail()]
    await decoder.decode(upload)
    await Promise.all(failing)
    assert.equal(decoder.active, 0)
  })

  test('an image that waits leaves when its signal aborts, with the reason', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const first = decoder.decode(upload)
    const controller = new AbortController()
    const second = decoder.decode(upload, controller.signal)
    const third = decoder.decode(upload)
    assert.equal(decoder.waiting, 2)
    const reason = new Error('the client has gone')
    controller.abort(reason)
    assert.equal(decoder.waiting, 1)
    await assert.rejects(second, reason)
    await Promise.all([first, third])
  })

  test('an image that is being decoded rejects at once and keeps its place', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const controller = new AbortController()
    const first = decoder.decode(upload, controller.signal)
    const second = decoder.decode(upload)
    controller.abort(new Error('the client has gone'))
    await assert.rejects(first, /the client has gone/)
    assert.equal(decoder.active, 1)
    assert.equal(decoder.waiting, 1)
    await second
  })

  test('a signal that has aborted costs nothing', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const decoding = decoder.decode(upload, AbortSignal.abort(new Error('too late')))
    assert.equal(decoder.active, 0)
    await assert.rejects(decoding, /too late/)
  })

  test('a signal that aborts afterwards changes nothing', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1 })
    const controller = new AbortController()
    const result = await decoder.decode(upload, controller.signal)
    controller.abort()
    assert.equal(result.length, CROP.size ** 2 * 3)
  })

  test('an image that could never have the memory is refused by its header, and one that can have it waits', async () => {
    const memory = new MemoryTurns(100_000_000)
    const decoder = createDecoder({ ...options, concurrency: 2, memory })
    const giveBack = await memory.take(memory.size)
    const waiting = decoder.decode(upload)
    const webp = await large().webp({ effort: 0 }).toBuffer()
    await assert.rejects(decoder.decode(webp), { code: 'image_too_many_pixels', message: /WEBP of 4000 x 3000 pixels and 3.*100000000/ })
    assert.equal(decoder.active, 1)
    giveBack()
    await waiting
  })

  test('an image that takes too long is answered, and keeps its place until libvips is done', async () => {
    const decoder = createDecoder({ ...options, concurrency: 1, timeoutMs: 1 })
    const slow = decoder.decode(await large().jpeg({ progressive: true }).toBuffer())
    await assert.rejects(slow, { code: 'decode_timeout' })
    assert.equal(decoder.active, 1)
    await until('the end of all decoding', () => decoder.active === 0)
  })

  for (const [places, told] of [[1, 1], [2, 0]] as const) {
    test(`of ${places} places one hangs`, async () => {
      let hangs = 0
      const decoder = createDecoder({ ...options, concurrency: places, timeoutMs: 1, onHang: () => { hangs++ } })
      await assert.rejects(decoder.decode(await large().jpeg({ progressive: true }).toBuffer()), { code: 'decode_timeout' })
      await until('the end of all decoding', () => decoder.active === 0)
      assert.equal(hangs, told)
    })
  }

  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    test(`a concurrency of ${concurrency} is refused`, () => {
      assert.throws(() => createDecoder({ ...options, concurrency }), RangeError)
    })
  }
})
