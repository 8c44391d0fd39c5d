import type { InputFacts, Rescaling } from '../../model/input.js'
import { parse } from '../../base/schema.js'
import { Type, type Static } from '../../base/typebox.js'
import { WeightsError } from '../../model/weights.js'

/* What timm's config.json, beside the weights in a repository, says of pictures. */

const Side = Type.Integer({ minimum: 1, maximum: 10_000 })
const Channels = Type.Array(Type.Number(), { minItems: 1, maxItems: 3 })

const PictureConfig = Type.Object({
  input_size: Type.Tuple([Type.Integer({ minimum: 1 }), Side, Side]),
  interpolation: Type.Optional(Type.String()),
  crop_pct: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  crop_mode: Type.Optional(Type.String()),
  mean: Type.Optional(Channels),
  std: Type.Optional(Channels)
})

/** Size, resizing and scaling of a network's pictures. */
export interface InputConfig {
  readonly size: number
  readonly rescaling: Rescaling
  readonly decoding: Pick<InputFacts, 'fit' | 'cropFraction' | 'kernel'>
}

const DEFAULT_CROP = 0.875
const IMAGENET_MEAN = [0.485, 0.456, 0.406]
const IMAGENET_DEVIATION = [0.229, 0.224, 0.225]

const KERNELS: ReadonlyMap<string, InputFacts['kernel']> = new Map([
  ['bicubic', 'cubic'], ['bilinear', 'linear'], ['lanczos', 'lanczos3'], ['nearest', 'nearest'], ['random', 'linear']
])

/** What a parsed config.json says of pictures; undefined where there is none. Throws a WeightsError for what is not supported. */
export function inputConfig (config: unknown): InputConfig | undefined {
  const stated = pretrainedConfig(config)
  if (stated === undefined) return undefined
  const {
    input_size: [, height, width], interpolation = 'bicubic', crop_pct: crop = DEFAULT_CROP, crop_mode: mode = 'center',
    mean = IMAGENET_MEAN, std: deviation = IMAGENET_DEVIATION
  }: Static<typeof PictureConfig> = parse(PictureConfig, stated, 'config.json')
  const kernel = KERNELS.get(interpolation)
  if (kernel === undefined) {
    throw new WeightsError(`config.json says interpolation ${interpolation}, and ${[...KERNELS.keys()].join(', ')} are read`)
  }
  if (height !== width) throw new WeightsError(`config.json says pictures of ${height}x${width}, and square ones are supported`)
  if (mode !== 'center' && !(mode === 'squash' && crop === 1)) {
    throw new WeightsError(`config.json says crop_mode ${mode}${mode === 'squash' ? ` with crop_pct ${crop}` : ''}, ` +
      'and center is supported, and squash with crop_pct 1')
  }
  return {
    size: height,
    rescaling: {
      scale: sameOrEach(deviation.map((one) => 1 / 255 / one)),
      offset: sameOrEach(mean.map((one, channel) => -one / (deviation[channel] ?? deviation[0] ?? 1)))
    },
    decoding: mode === 'squash' ? { fit: 'fill', kernel } : { fit: 'crop', cropFraction: timmFraction(height, crop), kernel }
  }
}

/** timm takes the whole part of size / crop, and the decoder the nearest number: the fraction that gives that. */
function timmFraction (size: number, crop: number): number {
  const whole = Math.floor(size / crop)
  return Math.round(size / crop) === whole ? crop : size / whole
}

/** The newer form has it beside the architecture, the older one is it. */
function pretrainedConfig (config: unknown): object | undefined {
  if (typeof config !== 'object' || config === null) return undefined
  const { pretrained_cfg: inner } = config as { pretrained_cfg?: unknown }
  if (typeof inner === 'object' && inner !== null) return inner
  return 'input_size' in config ? config : undefined
}

function sameOrEach (numbers: readonly number[]): number | readonly number[] {
  const [first = 0, ...others] = numbers
  return others.every((one) => one === first) ? first : numbers
}
