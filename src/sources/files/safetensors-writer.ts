import { sizeOf, type Weights } from '../../model/weights.js'

/**
 * A safetensors file of float32 tensors (https://github.com/huggingface/safetensors),
 * in the order of their names as its own writers have it.
 */
export function encodeSafetensors (weights: Weights): Uint8Array {
  let end = 0
  const sorted = [...weights].sort(([left], [right]) => left < right ? -1 : 1)
  const header = JSON.stringify(Object.fromEntries(sorted.map(([name, { shape }]) => {
    const start = end
    end += sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }]
  })))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return Buffer.concat([
    length,
    Buffer.from(header),
    ...sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  ])
}
