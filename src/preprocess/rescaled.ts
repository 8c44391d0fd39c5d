import type { Rescaling } from '../model/input.js'

/** Pixels as the network has them after rescaling, in its order of channels; in place. */
export function rescaled (
  pixels: Float32Array<ArrayBuffer>, channels: 1 | 3, { scale, offset, order }: Rescaling
): Float32Array<ArrayBuffer> {
  if (order === 'bgr') swapEnds(pixels, channels)
  for (let channel = 0; channel < channels; channel++) {
    const [factor, summand] = [numberOf(scale, channel), numberOf(offset, channel)]
    for (let index = channel; index < pixels.length; index += channels) pixels[index] = (pixels[index] ?? 0) * factor + summand
  }
  return pixels
}

function swapEnds (pixels: Float32Array, channels: number): void {
  for (let start = 0; start < pixels.length; start += channels) pixels.subarray(start, start + channels).reverse()
}

function numberOf (numbers: number | readonly number[], channel: number): number {
  return typeof numbers === 'number' ? numbers : numbers[channel] ?? NaN
}
