import { savedModelOf } from '../../compiler/compile.js'
import type { Folded } from '../../compiler/fold/fold.js'
import type { SavedModel } from '../../compiler/index.js'
import { lower } from '../../compiler/lower/lower.js'
import { OUTPUTS } from '../../compiler/signature.js'
import { StepList } from '../../compiler/steps.js'
import type { Layer } from '../../model/network.js'
import { channelsOf } from '../../model/shapes.js'
import { depthwiseStep, foldedWeight, pointwiseStep } from '../separable-layers.js'

/** Where one layer's samples are among those of an image: [positions, channels], row-major. */
export interface SampledLayer {
  readonly layer: Layer
  readonly begin: number
  readonly end: number
  readonly channels: number
  /** Where the means of its pointwise products over all positions begin, a number a filter; behind them are those of their squares. */
  readonly products: number
  readonly filters: number
}

export interface SamplingGraph {
  readonly savedModel: SavedModel
  readonly layers: readonly SampledLayer[]
}

/**
 * A graph in float32 whose output `features` are, for each of the layers in their order, samples of the depthwise outputs, of positions
 * on a grid of at most `gridSide` a side, and the means of the pointwise products and of their squares.
 */
export function samplingGraph (folded: Folded, layers: readonly Layer[], gridSide: number): SamplingGraph {
  const program = lower(folded, { precision: 'float32', ownKernels: false })
  const steps = new StepList(program.steps)
  const sampled: SampledLayer[] = []
  let begin = 0
  const rows = layers.flatMap((layer) => {
    const [height = 1, width = 1] = layer.outputShape
    const channels = foldedWeight(folded, layer, 'depthwise_kernel').shape[2] ?? 0
    const [down, right] = [Math.ceil(height / gridSide), Math.ceil(width / gridSide)]
    const length = Math.ceil(height / down) * Math.ceil(width / right) * channels
    const chosen = steps.everyNth(`samples/${layer.name}`, depthwiseStep(layer, program.steps).name, 'float32', [1, down, right, 1])
    const filters = channelsOf(layer.outputShape)
    sampled.push({ layer, begin, end: begin + length, channels, products: begin + length, filters })
    begin += length + 2 * filters
    const products = pointwiseStep(layer, program.steps).name
    return [steps.reshape(`samples/${layer.name}/row`, chosen, 'float32', [-1, length]), ...addMoments(layer, products, steps)]
  })
  const [only = ''] = rows
  const step = rows.length === 1 ? only : steps.concat('samples', rows, 'float32', 1)
  const outputs = { ...program.outputs, [OUTPUTS.features]: { step, type: 'float32', shape: [-1, begin] } } as const
  return { savedModel: savedModelOf({ ...program, outputs, steps: steps.steps }), layers: sampled }
}

/** The means over all positions of what a step gives, and of its squares, each as a row. */
function addMoments ({ name, outputShape }: Layer, step: string, steps: StepList): string[] {
  const [height = 1, width = 1, filters = 1] = outputShape
  // Products come as a matrix, a row a position.
  const map = steps.reshape(`moments/${name}`, step, 'float32', [-1, height, width, filters])
  const squares = steps.binary(`moments/${name}/squares`, 'Mul', map, map, 'float32')
  return [map, squares].map((values, power) => {
    const mean = steps.reduceSpatial(`moments/${name}/mean${power}`, 'Mean', values, 'float32')
    return steps.reshape(`moments/${name}/row${power}`, mean, 'float32', [-1, filters])
  })
}
