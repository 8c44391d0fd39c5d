import type { Layer, Padding } from '../../model/network.js'
import type { Pass, Value } from './pass.js'

/** A map with what windows read around it, and how its gradient becomes the map's. */
export interface Padded {
  readonly step: string
  readonly shape: readonly number[]
  readonly padding: 'valid' | 'same'
  readonly within: (gradient: string) => string
}

/** Puts `around` into a layer's margins, where it has some. */
export function withMargins (layer: Layer, padding: Padding, input: Value, pass: Pass, around = 0): Padded {
  const { step, channels, type } = input
  const shape = [...input.shape.slice(0, -1), channels]
  if (typeof padding === 'string') return { step, shape, padding, within: (gradient) => gradient }
  const { top, bottom, left, right } = padding
  const { name } = layer
  const [height = 1, width = 1] = shape
  return {
    step: pass.steps.padWith(`${name}/padded`, step, type, [[0, 0], [top, bottom], [left, right], [0, 0]], around),
    shape: [top + height + bottom, left + width + right, channels],
    padding: 'valid',
    within: (gradient) => pass.steps.slice(`${name}/within`, gradient, type, [0, top, left, 0], [-1, ...shape])
  }
}
