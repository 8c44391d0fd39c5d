import type { FlatLayer } from './flatten.js'

/** Layers that change nothing when serving. */
const NO_EFFECT = new RegExp('^(Dropout|SpatialDropout2D|AlphaDropout|GaussianDropout|GaussianNoise|ActivityRegularization|Identity|' +
  'Random(?!Crop)\\w+|RandAugment|AugMix|CutMix|MixUp|Cast)$')

/** Whether a layer changes nothing when serving. */
export function hasNoEffect ({ className, config }: Pick<FlatLayer, 'className' | 'config'>): boolean {
  return NO_EFFECT.test(className) || (className === 'TFOpLambda' && config.function === 'cast')
}
