import { OperatorError } from '../base/errors.js'

/** How the pixels of an upload become the network's input; part of a model package's `model.json`. */
export interface InputSpec {
  /** Height of the input in pixels, and width, unless that is stated. */
  size: number
  /** Width in pixels, where the input is not square. */
  width?: number
  /** 3 is RGB, 1 is grey. */
  channels: 1 | 3
  /** `crop`: the shorter side is resized to size / cropFraction, then the centre is cut out. `fill`: squeezed to the square. */
  fit: 'crop' | 'fill'
  /** Share of the resized shorter side that the central crop keeps, in (0, 1]. Used by `crop` only. */
  cropFraction: number
  /**
   * How pictures are resized. `linear`, `cubic` and `lanczos3` widen as a picture shrinks, as Pillow's do, so that every pixel of it
   * plays a part; `bilinear` is TensorFlow's, which looks at four pixels; `nearest` is Pillow's, which takes one.
   */
  kernel: 'nearest' | 'bilinear' | 'linear' | 'cubic' | 'lanczos3'
  /**
   * Where it is stated, pictures are resized as `tf.image.resize` does, without rounding to 8 bits, and the network gets float32, rescaled
   * so; else it gets bytes, which it rescales itself.
   */
  rescaling?: Rescaling
}

/** How pixels 0 to 255 become numbers: pixel * scale + offset, one number for all channels or one a channel. */
export interface Rescaling {
  readonly scale: number | readonly number[]
  readonly offset: number | readonly number[]
  /** The channels are turned around first, so that blue is the first of scale and offset; RGB where it is left out. */
  readonly order?: 'bgr'
}

/** A value and where it comes from: a setting, the model itself, or a default. */
export interface Choice<T> { readonly value: T, readonly from: string }

/** How pictures become the network's input, with the reason for each part. */
export interface InputChoices {
  readonly size: Choice<number>
  /** Width where the input is not square. */
  readonly width?: number
  readonly channels: 1 | 3
  readonly fit: Choice<InputSpec['fit']>
  readonly cropFraction: number
  readonly kernel: Choice<InputSpec['kernel']>
  /** What resizing makes; bytes where it is left out. */
  readonly pixels?: 'float32'
  readonly rescaling: Choice<Rescaling>
}

/** What the operator set; `auto` leaves it to the model. */
export interface InputSettings {
  readonly inputSize: number | 'auto'
  readonly fit: InputSpec['fit'] | 'auto'
  readonly kernel: InputSpec['kernel'] | 'auto'
  readonly scale: keyof typeof SCALES | 'auto'
}

/** What the model says about its input; undefined where it says nothing. */
export interface InputFacts {
  readonly source: string
  readonly size: number
  readonly width?: number | undefined
  readonly channels: 1 | 3
  readonly sizeIsKnown: boolean
  readonly fit?: InputSpec['fit'] | undefined
  readonly cropFraction?: number | undefined
  readonly kernel?: InputSpec['kernel'] | undefined
  /** What its own kernel makes. */
  readonly pixels?: 'float32' | undefined
  readonly rescaling?: Rescaling | undefined
}

/** The share that evaluations on ImageNet keep. */
const CROP_FRACTION = 0.875

/** Deviations and means of ImageNet's channels, of pixels from 0 to 1, as PyTorch's models are trained with. */
const IMAGENET_DEVIATION = [0.229, 0.224, 0.225]
const IMAGENET_MEAN = [0.485, 0.456, 0.406]

const SCALES = {
  '-1..1': { scale: 1 / 127.5, offset: -1 },
  '0..1': { scale: 1 / 255, offset: 0 },
  /** ImageNet's means a channel are taken off, blue first, as Caffe's models are trained with. */
  caffe: { scale: 1, offset: [-103.939, -116.779, -123.68], order: 'bgr' },
  torch: {
    scale: IMAGENET_DEVIATION.map((deviation) => 1 / 255 / deviation),
    offset: IMAGENET_MEAN.map((mean, channel) => -mean / (IMAGENET_DEVIATION[channel] ?? 1))
  },
  none: { scale: 1, offset: 0 }
} as const satisfies Record<string, Rescaling>

/**
 * Settings win for what is a matter of taste (fit, kernel); the model wins for what it was trained on (size, scale).
 * Throws an OperatorError if the scale is one of RGB and the model takes grey.
 */
export function chooseInput (settings: InputSettings, facts: InputFacts): InputChoices {
  const { source } = facts
  return {
    size: facts.sizeIsKnown
      ? { value: facts.size, from: overruled(source, settings.inputSize, facts.size, 'INPUT_SIZE') }
      : { value: facts.size, from: settings.inputSize === 'auto' ? 'default' : 'INPUT_SIZE' },
    ...facts.width === undefined || facts.width === facts.size ? {} : { width: facts.width },
    fit: settings.fit !== 'auto' ? { value: settings.fit, from: 'FIT' } : orDefault(facts.fit, source, 'fill'),
    channels: facts.channels,
    cropFraction: facts.cropFraction ?? CROP_FRACTION,
    kernel: settings.kernel !== 'auto' ? { value: settings.kernel, from: 'KERNEL' } : orDefault(facts.kernel, source, 'linear'),
    ...facts.pixels !== undefined && (settings.kernel === 'auto' || settings.kernel === facts.kernel) ? { pixels: facts.pixels } : {},
    rescaling: facts.rescaling !== undefined
      ? { value: facts.rescaling, from: overruled(source, settings.scale, undefined, 'SCALE') }
      : settings.scale === 'auto'
        ? { value: SCALES['-1..1'], from: 'default' }
        : { value: scaleNamed(settings.scale, facts.channels), from: 'SCALE' }
  }
}

/** Height and width of the input in pixels. */
export function sidesOf ({ size, width = size }: Pick<InputSpec, 'size' | 'width'>): { readonly height: number, readonly width: number } {
  return { height: size, width }
}

/** One line for the log and for people. */
export function describeInput ({ size, width, channels, fit, cropFraction, kernel, pixels: floats, rescaling }: InputChoices): string {
  const crop = fit.value === 'crop' ? ` ${cropFraction}` : ''
  const { scale, offset, order } = rescaling.value
  const pixels = channels === 1 ? 'grey pixels' : 'pixels'
  const sides = width === undefined ? `${size.value}x${size.value} ${pixels}` : `${pixels}, ${size.value} high and ${width} wide`
  return `${sides} (${size.from}), ${fit.value}${crop} (${fit.from}), ` +
    `${kernel.value} kernel${floats === undefined ? '' : ` in ${floats}`} (${kernel.from}), ` +
    `${order === 'bgr' ? 'BGR ' : ''}pixel * ${numbers(scale)} + ${numbers(offset)} (${rescaling.from})`
}

/** What one of SCALE's values does. Throws an OperatorError if it is one of RGB and pictures are grey. */
export function scaleNamed (name: keyof typeof SCALES, channels: 1 | 3): Rescaling {
  const scale: Rescaling = SCALES[name]
  if (channels === 1 && typeof scale.offset !== 'number') {
    throw new OperatorError(`SCALE=${name} has a number for each channel of RGB, and the model takes grey pictures`)
  }
  return scale
}

function orDefault<T> (value: T | undefined, source: string, otherwise: T): Choice<T> {
  return value === undefined ? { value: otherwise, from: 'default' } : { value, from: source }
}

function overruled (source: string, setting: unknown, value: unknown, variable: string): string {
  return setting === 'auto' || setting === value ? source : `${source}; ${variable} is not used`
}

function numbers (value: number | readonly number[]): string {
  return typeof value === 'number' ? value.toPrecision(4) : `[${value.map((one) => one.toPrecision(4)).join(', ')}]`
}
