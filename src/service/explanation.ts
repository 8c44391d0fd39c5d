import { shortened } from '../base/float32.js'
import { OUTPUTS } from '../compiler/signature.js'
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
  const answers = await infer(model, uploads, refusal === undefined ? { ...work, wanted: [OUTPUTS.maps] } : work)
  return answersOf(answers, (answer) => {
    const { outputs: { maps } } = answer
    const explanationOf = (classId: number): Explanation => maps === undefined ? refusal ?? missing() : classMap(maps, classId)
    return { predictions: predictionsOf(model, answer, k).map((one) => ({ ...one, explanation: explanationOf(one.classId) })) }
  })
}

/** Undefined where the network's maps are exact. */
export function whyNotExplainable ({ offers: { maps } }: Pick<LoadedModel, 'offers'>): NotExplainable | undefined {
  return 'shape' in maps ? undefined : { code: 'not_explainable', detail: `There is no exact map: ${maps.reason}.` }
}

/** The map of one class out of the output `maps` of one image, [height, width, units]. */
export function classMap ({ shape: [height = 0, width = 0, units = 1], values }: OutputValues, classId: number): ClassMap {
  // A single sigmoid unit is for the second of two classes and against the first, whose logit is the negative.
  const [unit, sign] = units === 1 ? [0, classId === 1 ? 1 : -1] : [classId, 1]
  const map = Array.from({ length: height * width }, (_, position) => shortened(sign * (values[position * units + unit] ?? NaN)))
  return { height, width, values: map }
}

function missing (): never {
  throw new Error('the network has maps, and the engine gave none')
}
