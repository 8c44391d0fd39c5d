import type { NetworkInput } from '../../model/network.js'
import { inputShape } from '../../model/shapes.js'
import type { StepList } from '../steps.js'

/** Float32 [n, height, width, channels] of strings that are the raw bytes of pixels, in the network's order of channels, not rescaled. */
export function pixelsAsFloats (input: NetworkInput, images: string, steps: StepList): string {
  const bytes = steps.add('input/bytes', 'uint8', [images], { op: 'DecodeRaw' })
  const pixels = steps.reshape('input/pixels', bytes, 'uint8', [-1, ...inputShape(input)])
  const ordered = input.rescaling.order === 'bgr' ? steps.reverse('input/bgr', pixels, 'uint8', 3) : pixels
  return steps.cast('input/float', ordered, 'uint8', 'float32')
}
