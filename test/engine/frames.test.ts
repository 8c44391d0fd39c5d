import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { frameParts, FrameReader, type Frame } from '../../src/engine/frames.js'

/** Hands bytes to the reader in pieces of any size. */
function read (bytes: Uint8Array, random: Random): Frame[] {
  const reader = new FrameReader()
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length;) {
    const { space } = reader
    const piece = bytes.subarray(at, at + Math.max(1, Math.floor(random.uniform(0, space.length + 1))))
    const taken = piece.subarray(0, space.length)
    space.set(taken)
    at += taken.length
    const frame = reader.filled(taken.length)
    if (frame !== undefined) frames.push(frame)
  }
  return frames
}

test('frames come out as they went in, however their bytes are cut', () => {
  const random = new Random(1)
  const values = Float32Array.of(1.5, -2)
  const bytes = Buffer.concat([
    ...frameParts({ first: 'ü' }, []),
    ...frameParts({ second: 2 }, [Uint8Array.of(1, 2, 3), values]),
    ...frameParts(null, [new Uint8Array(5000)])
  ])
  for (let times = 0; times < 50; times++) {
    const [first, second, third, ...others] = read(bytes, random)
    assert.deepEqual(first, { head: { first: 'ü' }, body: new Uint8Array() })
    assert.deepEqual(second, { head: { second: 2 }, body: new Uint8Array([1, 2, 3, ...new Uint8Array(values.buffer)]) })
    assert.deepEqual([third?.head, third?.body.length, others], [null, 5000, []])
  }
})

test('bytes that are no frame are refused before anything is waited for', () => {
  const [start = Buffer.of()] = frameParts({}, [])
  const lengths = Buffer.from(start)
  lengths.writeUInt32LE(0xffffffff, 8)
  const noJson = Buffer.from(start)
  noJson.write('x', 12)
  for (const bytes of [Buffer.from('a line of text'), lengths, noJson]) assert.throws(() => read(bytes, new Random(1)))
})
