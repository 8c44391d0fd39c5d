import { shortened } from '../base/float32.js'
import type { OutputValues } from '../engine/protocol.js'
import type { Prediction } from '../model/labels.js'
import { answersOf, predictionsOf, type Answers, type Predicted } from './classification.js'
import { infer, type Upload, type Work } from './inference.js'
import type { LoadedModel } from './loaded-model.js'

/**
 * How much each position of the feature map speaks for a class, row by row from the top left: the mean is the class's logit
 * less its bias. Also called a class activation map (Zhou et al., Learning Deep Features for Discriminative Localization, 2016).
 */
export interface ClassMap {
  readonly height: number
  readonly width: number
  readonly values: readonly number[]
}

/** Why there is no such map; `code` is stable. */
export interface NotExplainable {
  readonly code: 'not_explainable'
  readonly detail: string
}

export type Explanation = ClassMap | NotExplainable
export type ExplainedPrediction = Prediction & { readonly explanation: Explanation }

/** As `classify`, and each prediction says where the network saw its class. */
export async function explain (
  model: LoadedModel, uploads: Upload[], k: number, work: Work
): Promise<Answers<Predicted<ExplainedPrediction>>> {
  const refusal = whyNotExplainable(model)
  const answers = await infer(model, uploads, refusal === undefined ? { ...work, wanted: { topMaps: k } } : work)
  return answersOf(answers, (answer) => {
    const { outputs: { top_maps: maps } } = answer
    const explanationOf = (rank: number): Explanation => maps === undefined ? refusal ?? missing() : classMap(maps, rank)
    return { predictions: predictionsOf(model, answer, k).map((one, rank) => ({ ...one, explanation: explanationOf(rank) })) }
  })
}

/** Undefined where the network's maps are exact. */
export function whyNotExplainable ({ offers: { maps } }: Pick<LoadedModel, 'offers'>): NotExplainable | undefined {
  return 'shape' in maps ? undefined : { code: 'not_explainable', detail: `There is no exact map: ${maps.reason}.` }
}

/** One class's map out of the output `top_maps` of one image, [height, width, k]; a rank of 0 is the most probable class. */
export function classMap ({ shape: [height = 0, width = 0, k = 1], values }: OutputValues, rank: number): ClassMap {
  const map = Array.from({ length: height * width }, (_, position) => shortened(values[position * k + rank] ?? NaN))
  return { height, width, values: map }
}

function missing (): never {
  throw new Error('the network has maps, and the engine gave none')
}
