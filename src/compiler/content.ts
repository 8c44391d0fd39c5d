import type { DataType } from './messages.js'

/** A tensor's numbers as TensorFlow has them in memory. */
export function contentOf (values: Float32Array | Int32Array | Int8Array, type: DataType): Uint8Array {
  const numbers = type === 'bfloat16' && values instanceof Float32Array ? toBfloat16(values) : values
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

/** Upper halves of the float32 numbers, rounded to nearest, ties to even. */
function toBfloat16 (values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(words.length)
  // Uint16Array.from takes ten times as long, which is seconds for the full network.
  words.forEach((word, index) => { halves[index] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16 })
  return halves
}
