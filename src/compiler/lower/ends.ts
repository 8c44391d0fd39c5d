import type { Network } from '../../model/network.js'
import { inputShape } from '../../model/shapes.js'
import type { End } from '../emit.js'
import type { DataType } from '../messages.js'
import { INPUTS, WANTABLE } from '../signature.js'
import type { StepList } from '../steps.js'
import { affine } from './affine.js'
import { pixelsAsFloats } from './pixels.js'
import type { Value, Values } from './values.js'

/** What a run is fed. Every graph has all of it. */
export function placeholders (imageShape: readonly number[], steps: StepList): Record<typeof INPUTS[keyof typeof INPUTS], End> {
  const end = (name: string, type: DataType, shape: readonly number[]): End => ({ step: steps.placeholder(name, type, shape), type, shape })
  return {
    [INPUTS.images]: end(INPUTS.images, 'string', [-1]),
    [INPUTS.values]: end(INPUTS.values, 'float32', [-1, ...imageShape]),
    [INPUTS.wanted]: end(INPUTS.wanted, 'bool', [WANTABLE.length]),
    [INPUTS.mapCount]: end(INPUTS.mapCount, 'int32', []),
    [INPUTS.fromValues]: end(INPUTS.fromValues, 'bool', [])
  }
}

/** The network's input, from the bytes of pictures or from values, whichever a run says. */
export function input ({ input: network }: Network, ends: ReturnType<typeof placeholders>, values: Values): Value {
  const { steps } = values
  const fromValues = ends.from_values.step
  const images = steps.gate('input/images', ends.images.step, 'string', fromValues, false)
  const step = pixelsAsFloats(network, images, steps)
  const float: Value = { step, shape: inputShape(network), form: 'spatial', type: 'float32' }
  const rescaled = affine('input/rescaled', float, network.rescaling, values)
  const given = steps.gate('input/values', ends.values.step, 'float32', fromValues, true)
  const chosen = steps.add('input/chosen', 'float32', [rescaled.step, given], { op: 'Merge' })
  return values.ofType({ ...rescaled, step: chosen }, values.precision)
}
