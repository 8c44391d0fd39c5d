import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSafetensors } from '../../../src/sources/files/safetensors.js'
import { tempFolder } from '../../support/temp-folder.js'

const folder = tempFolder()

function file (header: string, data: Uint8Array, headerBytes = BigInt(Buffer.byteLength(header))): string {
  const path = join(folder, 'weights.safetensors')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(headerBytes)
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), data]))
  return path
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
const entry = (dtype: string, shape: number[], start: number, end: number): string =>
  JSON.stringify({ __metadata__: { by: 'test' }, w: { dtype, shape, data_offsets: [start, end] } })

test('tensors with their shapes, whatever their alignment', async () => {
  assert.deepEqual(
    await readSafetensors(file(entry('F32', [2, 1], 0, 8), floats(1, 2))),
    new Map([['w', { shape: [2, 1], data: Float32Array.of(1, 2) }]])
  )
  const unaligned = await readSafetensors(file(entry('F32', [1], 1, 5), Buffer.concat([Buffer.alloc(1), floats(3)])))
  assert.deepEqual(unaligned.get('w')?.data, Float32Array.of(3))
})

const damaged: Array<[name: string, path: () => string, message: RegExp]> = [
  ['an empty file', () => {
    const path = join(folder, 'empty')
    writeFileSync(path, '')
    return path
  }, /its header does not fit its 0 bytes/],
  ['a header that claims an absurd size', () => file('{}', floats(1), 2n ** 63n), /its header does not fit/],
  ['a header that is no JSON', () => file('rubbish', floats(1)), /JSON/],
  ['a header that is null', () => file('null', floats(1)), /header must be object/],
  ['another type', () => file(entry('I64', [1], 0, 8), floats(1, 2)), /w is I64, and only F32, F16, BF16 are read/],
  ['a tensor beyond the end', () => file(entry('F32', [2], 0, 8), floats(1)), /w claims bytes 0 to 8 of 4/],
  ['a shape that does not fit', () => file(entry('F32', [3], 0, 4), floats(1)), /do not fit its shape \[3\]/],
  ['offsets the wrong way round', () => file(entry('F32', [1], 4, 0), floats(1)), /w claims bytes 4 to 0/]
]
for (const [name, path, message] of damaged) {
  test(`${name} is refused in one sentence`, async () => {
    await assert.rejects(readSafetensors(path()), (error: Error) => error.name === 'WeightsError' && message.test(error.message))
  })
}
