import { notExplainable } from '../base/sentences.js'
import { shortened } from '../base/float32.js'
import type { ClassMap, Explanation, NotExplainable } from '../contract/images.js'
import type { Outputs, OutputValues } from '../engine/protocol.js'
import type { ModelFacts } from './loaded-model.js'

/** Undefined where the network's maps are exact. */
export function whyNotExplainable ({ offers: { maps } }: Pick<ModelFacts, 'offers'>): NotExplainable | undefined {
  return 'shape' in maps ? undefined : { code: 'not_explainable', detail: notExplainable(maps.reason).message }
}

/** Explains an image's predictions by their rank, 0 for the most probable: by its `top_maps`, or the reason why there are none. */
export function explanations ({ top_maps: maps }: Outputs, refusal: NotExplainable | undefined): (rank: number) => Explanation {
  if (maps !== undefined) return (rank) => classMap(maps, rank)
  if (refusal === undefined) throw new Error('the network has maps, and the engine gave none')
  return () => refusal
}

/** One class's map out of the output `top_maps` of one image, [height, width, k]; a rank of 0 is the most probable class. */
export function classMap ({ shape: [height = 0, width = 0, k = 1], values }: OutputValues, rank: number): ClassMap {
  const map = Array.from({ length: height * width }, (_, position) => shortened(values[position * k + rank] ?? NaN))
  return { height, width, values: map }
}
