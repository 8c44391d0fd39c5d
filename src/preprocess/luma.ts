/** Bytes of a pixel that is not grey yet. */
const RGB = 3
/** Shares of red, green and blue in 65,536ths, as Pillow's conversion to `L` has them (ITU-R BT.601-2). */
const LUMA = { red: 19_595, green: 38_470, blue: 7471, half: 0x8000, bits: 16 }

/**
 * One grey byte for three of RGB. Pillow converts before it resizes: since both are sums, that differs by the rounding alone
 * (and where a kernel with negative lobes leaves the range of a channel), and resizing first converts far fewer pixels.
 */
export function luma (rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const grey = new Uint8Array(rgb.length / RGB)
  for (let index = 0, position = 0; index < grey.length; index++, position += RGB) {
    const sum = (rgb[position] ?? 0) * LUMA.red + (rgb[position + 1] ?? 0) * LUMA.green + (rgb[position + 2] ?? 0) * LUMA.blue
    grey[index] = (sum + LUMA.half) >> LUMA.bits
  }
  return grey
}
