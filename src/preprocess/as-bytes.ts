import type { Pixels } from './types.js'

/** The pixels of an input that states no rescaling. Throws a TypeError if they are of another one. */
export function asBytes (pixels: Pixels): Uint8Array<ArrayBuffer> {
  if (pixels instanceof Float32Array) throw new TypeError('the pixels are float32, and bytes are needed')
  return pixels
}
