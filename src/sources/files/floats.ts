/** The ways of storing a float32 weight; every value of the half formats is a float32 too. */
export type FloatFormat = 'float32' | 'float16' | 'bfloat16'

export const FLOAT_BYTES: Readonly<Record<FloatFormat, number>> = { float32: 4, float16: 2, bfloat16: 2 }

/** Little-endian bytes as float32 values; the bytes must be aligned, and float32 is not copied. */
export function toFloat32 (bytes: Uint8Array<ArrayBuffer>, format: FloatFormat): Float32Array {
  switch (format) {
    case 'float32': return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    case 'float16': return fromFloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2))
    case 'bfloat16': return fromBfloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2))
  }
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent (bias 15), 10 bits fraction. */
function fromFloat16 (halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length)
  const bits = new Uint32Array(values.buffer)
  for (const [index, half] of halves.entries()) {
    const sign = (half & 0x8000) << 16
    const exponent = (half >> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0) values[index] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24
    else bits[index] = sign | (exponent === 31 ? 0x7f800000 : (exponent + 112) << 23) | (fraction << 13)
  }
  return values
}

/** The upper half of a float32. */
function fromBfloat16 (halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length)
  for (const [index, half] of halves.entries()) bits[index] = half << 16
  return new Float32Array(bits.buffer)
}
