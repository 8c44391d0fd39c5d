import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { FrameReader, FrameWriter, type Content, type Frame } from '../../src/engine/frames.js'

function write (contents: readonly Content[]): Uint8Array<ArrayBuffer> {
  const writer = new FrameWriter()
  return new Uint8Array(Buffer.concat(contents.map((content) => writer.write(content).slice())))
}

/** Hands bytes to the reader in pieces of any size, each in the same memory. */
function read (bytes: Uint8Array, random: Random): Frame[] {
  const reader = new FrameReader()
  const memory = new Uint8Array(bytes.length)
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + Math.floor(random.uniform(1, bytes.length / 2)))
    memory.set(piece)
    reader.feed(memory.subarray(0, piece.length))
    at += piece.length
    for (let frame = reader.take(); frame !== undefined; frame = reader.take()) frames.push(frame)
  }
  return frames
}

test('frames come out as they went in, however their bytes are cut', () => {
  const random = new Random(1)
  const values = Float32Array.of(1.5, -2)
  const contents: readonly Content[] = [
    { head: { first: 'ü' } },
    { head: { second: 2 }, body: [Uint8Array.of(1, 2, 3), values] },
    { numbers: [-1, 0.5], body: [new Uint8Array(5000)] },
    { numbers: [1, 2, 3, 4, 5] },
    {}
  ]
  for (let times = 0; times < 50; times++) {
    const [first, second, third, fourth, last, ...others] = read(write(contents), random)
    assert.deepEqual([first?.head, first?.body], [{ first: 'ü' }, new Uint8Array()])
    assert.deepEqual([second?.head, second?.body], [{ second: 2 }, new Uint8Array([1, 2, 3, ...new Uint8Array(values.buffer)])])
    assert.deepEqual([third?.head, third?.body.length, [...third?.numbers ?? []]], [undefined, 5000, [-1, 0.5, 0, 0, 0]])
    assert.deepEqual([[...fourth?.numbers ?? []], fourth?.body.length], [[1, 2, 3, 4, 5], 0])
    assert.deepEqual([last?.head, others], [undefined, []])
    assert.ok([second, third].every((frame) => (frame?.body.byteOffset ?? 1) % 8 === 0))
  }
})

test('bytes that are no frame are refused before anything is waited for', () => {
  const start = write([{ head: {} }])
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = start.slice()
    new DataView(bytes.buffer).setFloat64(at, value, true)
    return bytes
  }
  const noJson = start.slice()
  noJson.set([120], 64)
  const strange = [Buffer.alloc(64, 'a line of text'), changed(8, 3), changed(8, NaN), changed(16, 1e12), changed(16, -8), noJson]
  for (const bytes of strange) assert.throws(() => read(bytes, new Random(1)))
})
