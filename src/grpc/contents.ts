import { setImmediate } from 'node:timers/promises'
import protobuf from 'protobufjs'
import { invalidTensor, tooLarge } from '../base/sentences.js'
import type { Upload } from '../service/inference.js'
import { imageLength, preparePixels, type CheckedInput, type PixelType } from '../service/input-tensors.js'
import type { TensorLimits } from '../intake/tensors/tensor-data.js'
import { readable } from './messages.js'

/** Field numbers of InferTensorContents. */
const UINT_CONTENTS = 4
const FP32_CONTENTS = 6
const BYTES_CONTENTS = 8
const NUMBERS = {
  UINT8: { id: UINT_CONTENTS, name: 'uint_contents', read: 'uint32' },
  FP32: { id: FP32_CONTENTS, name: 'fp32_contents', read: 'float' }
} as const
const LENGTH_DELIMITED = 2

/** Reads the InferTensorContents of an input, serialized. Throws a ServiceError `invalid_tensor`, or `malformed_body`. */
export async function readContents (contents: Uint8Array, input: CheckedInput, limits: TensorLimits): Promise<Upload[]> {
  if (input.name === 'image') return readable(() => filesOf(contents, input.images, limits.maxImageBytes))
  return await preparePixels(await pixelsOf(contents, input, limits), input.type)
}

/** An InferTensorContents of float32, serialized. */
export function floatContents (values: Uint8Array): Uint8Array {
  return protobuf.Writer.create().uint32(FP32_CONTENTS << 3 | LENGTH_DELIMITED).bytes(values).finish()
}

/** An InferTensorContents of texts, serialized. */
export function textContents (texts: readonly string[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const text of texts) writer.uint32(BYTES_CONTENTS << 3 | LENGTH_DELIMITED).string(text)
  return writer.finish()
}

function filesOf (contents: Uint8Array, images: number, maxImageBytes: number): Upload[] {
  const reader = protobuf.Reader.create(contents)
  const files: Upload[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag !== (BYTES_CONTENTS << 3 | LENGTH_DELIMITED)) throw wrongContents('image', 'BYTES', 'bytes_contents')
    if (files.length === images) throw wrongCount('image', images, 'files')
    const file = reader.bytes()
    // A copy: it would keep the whole message.
    files.push(file.length > maxImageBytes ? tooLarge(maxImageBytes) : Uint8Array.from(file))
  }
  if (files.length < images) throw wrongCount('image', images, 'files')
  return files
}

async function pixelsOf (
  contents: Uint8Array, { type, images }: { readonly type: PixelType, readonly images: number }, limits: TensorLimits
): Promise<Array<Float32Array<ArrayBuffer>>> {
  const length = imageLength(limits)
  const numbers = numbersOf(contents, type)
  const all: Array<Float32Array<ArrayBuffer>> = []
  for (let index = 0; index < images; index++) {
    limits.claim.hold(length * Float32Array.BYTES_PER_ELEMENT)
    all.push(readable(() => nextImage(numbers, length, images * length)))
    await setImmediate()
  }
  if (readable(() => numbers.next().done) !== true) throw wrongCount('pixels', images * length, 'numbers')
  return all
}

function nextImage (numbers: Iterator<number, undefined>, length: number, total: number): Float32Array<ArrayBuffer> {
  const image = new Float32Array(length)
  for (let index = 0; index < length; index++) {
    const { value } = numbers.next()
    if (value === undefined) throw wrongCount('pixels', total, 'numbers')
    image[index] = value
  }
  return image
}

/** A repeated field may come packed, number by number, or both. */
function * numbersOf (contents: Uint8Array, type: PixelType): Generator<number, undefined> {
  const { id, name, read } = NUMBERS[type]
  const reader = protobuf.Reader.create(contents)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag >>> 3 !== id) throw wrongContents('pixels', type, name)
    const bytes = (tag & 7) === LENGTH_DELIMITED ? reader.uint32() : 1
    const end = reader.pos + bytes
    while (reader.pos < end) yield reader[read]()
  }
}

function wrongContents (name: string, datatype: string, field: string): Error {
  return invalidTensor(`The contents of "${name}" as ${datatype} are in ${field} and nowhere else.`)
}

function wrongCount (name: string, count: number, what: string): Error {
  return invalidTensor(`"${name}" of this shape has ${count} ${what}, and its contents have more or fewer.`)
}
