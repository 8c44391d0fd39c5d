import { pixelsAsFloats } from '../../compiler/lower/pixels.js'
import { inputShape } from '../../model/shapes.js'
import type { NetworkInput } from '../../model/network.js'
import type { Pass, Value } from './pass.js'

/** What the network reads, from strings of raw pixels. */
export function pixelsAsValues (input: NetworkInput, images: string, pass: Pass): Value {
  const { steps } = pass
  const { channels, rescaling: { scale, offset } } = input
  const constant = (what: string, numbers: number | readonly number[]): string => {
    const list = Float32Array.from(typeof numbers === 'number' ? [numbers] : numbers)
    return steps.numbers(`input/${what}`, 'float32', [list.length], list)
  }
  const scaled = steps.binary('input/scaled', 'Mul', pixelsAsFloats(input, images, steps), constant('scale', scale), 'float32')
  const step = steps.binary('input/rescaled', 'AddV2', scaled, constant('offset', offset), 'float32')
  return pass.ofType({ step, shape: inputShape(input), channels, type: 'float32' }, pass.precision)
}
