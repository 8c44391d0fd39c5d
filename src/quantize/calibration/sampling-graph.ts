import { savedModelOf } from '../../compiler/compile.js'
import type { Folded } from '../../compiler/fold/fold.js'
import type { SavedModel } from '../../compiler/index.js'
import { lower } from '../../compiler/lower/lower.js'
import { OUTPUTS } from '../../compiler/signature.js'
import { StepList } from '../../compiler/steps.js'
import type { Layer } from '../../model/network.js'
import { depthwiseStep, foldedWeight } from '../separable-layers.js'

/** Where one layer's samples are among those of an image: [positions, channels], row-major. */
export interface SampledLayer {
  readonly layer: Layer
  readonly begin: number
  readonly end: number
  readonly channels: number
}

export interface SamplingGraph {
  readonly savedModel: SavedModel
  readonly layers: readonly SampledLayer[]
}

/**
 * A graph in float32 whose output `features` are samples of the depthwise outputs of the layers, in their order: of positions on a
 * grid of at most `gridSide` a side.
 */
export function samplingGraph (folded: Folded, layers: readonly Layer[], gridSide: number): SamplingGraph {
  const program = lower(folded, { precision: 'float32', ownKernels: false })
  const steps = new StepList(program.steps)
  const sampled: SampledLayer[] = []
  let begin = 0
  const rows = layers.map((layer) => {
    const [height = 1, width = 1] = layer.outputShape
    const channels = foldedWeight(folded, layer, 'depthwise_kernel').shape[2] ?? 0
    const [down, right] = [Math.ceil(height / gridSide), Math.ceil(width / gridSide)]
    const length = Math.ceil(height / down) * Math.ceil(width / right) * channels
    const chosen = steps.everyNth(`samples/${layer.name}`, depthwiseStep(layer, program.steps).name, 'float32', [1, down, right, 1])
    sampled.push({ layer, begin, end: begin + length, channels })
    begin += length
    return steps.reshape(`samples/${layer.name}/row`, chosen, 'float32', [-1, length])
  })
  const [only = ''] = rows
  const step = rows.length === 1 ? only : steps.concat('samples', rows, 'float32', 1)
  const outputs = { ...program.outputs, [OUTPUTS.features]: { step, type: 'float32', shape: [-1, begin] } } as const
  return { savedModel: savedModelOf({ ...program, outputs, steps: steps.steps }), layers: sampled }
}
