import { fold } from '../fold/fold.js'
import { savedModelOf } from '../compile.js'
import { lower } from '../lower/lower.js'
import type { SavedModel } from '../saved-model.js'
import type { Step } from '../steps.js'
import type { ModelTarget } from '../target.js'
import type { Sample } from './sample.js'

/** Ops that a layer of a sample begins with, and that which follows the last one. */
const BEGINNINGS: ReadonlySet<Step['op']> = new Set([
  'XceptionConvolution', 'XceptionSeparableConvolution', 'Conv2D', 'DepthwiseConv2dNative', 'MaxPool', 'Mean'
])

/**
 * Compiles a sample as any network, with a stamp of the addon's before each layer and behind the last. What TensorFlow fuses stays
 * together: it fuses nothing with what a layer begins with.
 */
export function compileStamped ({ network, weights, quantization }: Sample, { precision, ownKernels, quantized }: ModelTarget): SavedModel {
  const program = lower(fold(network, weights), { precision, ownKernels, quantization: quantized === true ? quantization : undefined })
  const types = new Map(program.steps.map(({ name, type }) => [name, type]))
  const steps = program.steps.flatMap((step): Step[] => {
    const [input = '', ...others] = step.inputs
    const type = types.get(input)
    if (!BEGINNINGS.has(step.op) || type === undefined) return [step]
    const name = `${step.name}/begins`
    return [{ op: 'XceptionStamp', name, type, inputs: [input] }, { ...step, inputs: [name, ...others] }]
  })
  return savedModelOf({ ...program, steps })
}
