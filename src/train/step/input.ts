import type { NetworkInput } from '../../model/network.js'
import type { Pass, Value } from './pass.js'

/** What the network reads, from strings of raw pixels. */
export function pixelsAsValues ({ side, channels, rescaling: { scale, offset, order } }: NetworkInput, images: string, pass: Pass): Value {
  const { steps } = pass
  const shape = [side, side, channels] as const
  const bytes = steps.add('input/bytes', 'uint8', [images], { op: 'DecodeRaw' })
  const pixels = steps.reshape('input/pixels', bytes, 'uint8', [-1, ...shape])
  const ordered = order === 'bgr' ? steps.reverse('input/bgr', pixels, 'uint8', 3) : pixels
  const constant = (what: string, numbers: number | readonly number[]): string => {
    const list = Float32Array.from(typeof numbers === 'number' ? [numbers] : numbers)
    return steps.numbers(`input/${what}`, 'float32', [list.length], list)
  }
  const float = steps.cast('input/float', ordered, 'uint8', 'float32')
  const scaled = steps.binary('input/scaled', 'Mul', float, constant('scale', scale), 'float32')
  const step = steps.binary('input/rescaled', 'AddV2', scaled, constant('offset', offset), 'float32')
  return pass.ofType({ step, shape, channels, type: 'float32' }, pass.precision)
}
