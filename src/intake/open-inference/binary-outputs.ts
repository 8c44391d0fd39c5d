import type { OutputTensor } from '../../service/tensors.js'

const LENGTH_BYTES = 4

/** The values of a tensor as they lie in memory, texts each after its length in 4 bytes, little-endian. */
export function * binaryOf (tensor: OutputTensor): Generator<Uint8Array> {
  if (tensor.datatype === 'BYTES') return yield Buffer.concat(tensor.texts.map(withLength))
  for (const { buffer, byteOffset, byteLength } of tensor.rows) yield Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

/** How many bytes `binaryOf` gives. */
export function binaryBytes (tensor: OutputTensor): number {
  return tensor.datatype === 'BYTES'
    ? tensor.texts.reduce((sum, text) => sum + LENGTH_BYTES + Buffer.byteLength(text), 0)
    : tensor.rows.reduce((sum, row) => sum + row.byteLength, 0)
}

function withLength (text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}
