import { setImmediate } from 'node:timers/promises'
import { OPEN, sharp } from '../libvips.js'
import { EXTRA, PHOTOMETRIC, refusal, TAGS, type Range, type SampleLayout } from './layout.js'
import { plainTiff, type PlainFile } from './plain-file.js'
import { isScanned, rangesOf, srgbByte, type Extremes, type Ranges } from './range.js'
import type { Directory, Tag, Tiff } from './tags.js'

/** Pixels that are put in order before others have their turn, so that no answer waits for a large picture. */
const TURN_PIXELS = 1 << 17

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array

const ARRAYS = {
  uchar: Uint8Array,
  ushort: Uint16Array,
  uint: Uint32Array,
  char: Int8Array,
  short: Int16Array,
  int: Int32Array,
  float: Float32Array,
  double: Float64Array
} as const

/** All samples of a picture as the file has them, pixel by pixel. */
export interface Samples {
  readonly width: number
  readonly height: number
  /** From 1 to 8, as libvips reads it. */
  readonly orientation: number | undefined
  readonly numbers: Numbers
}

/** A copy of the file in which samples have no meaning that libvips acts upon: they are the inks of a press, and none is alpha. */
export function withoutMeaning (upload: Uint8Array, { littleEndian, directories }: Tiff): Buffer {
  const copy = Buffer.from(upload)
  const overwrite = (tag: Tag | undefined, value: number): void => {
    const view = new DataView(copy.buffer, copy.byteOffset, copy.length)
    tag?.values.forEach((_, index) => {
      if (tag.type === 3) view.setUint16(tag.at + 2 * index, value, littleEndian)
      if (tag.type === 4) view.setUint32(tag.at + 4 * index, value, littleEndian)
    })
  }
  overwrite(directories[0]?.get(TAGS.photometric), PHOTOMETRIC.separated)
  overwrite(directories[0]?.get(TAGS.extraSamples), EXTRA.unspecified)
  return copy
}

/**
 * All samples of a file that says nothing of their meaning. Rejects with what libvips says, or with a ServiceError
 * `unsupported_image_format` where that reads the tags in another way.
 */
export async function readSamples (meaningless: Uint8Array, layout: SampleLayout, seconds: number): Promise<Samples> {
  const file = sharp(meaningless, { ...OPEN, ignoreIcc: true })
  const { space, depth, orientation } = await file.metadata()
  const raw = file.pipelineColourspace(space).toColourspace(space).raw({ depth }).timeout({ seconds })
  const { data, info } = await raw.toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const Numbers = depth in ARRAYS ? ARRAYS[depth as keyof typeof ARRAYS] : undefined
  if (Numbers === undefined || info.channels !== layout.samples) throw refusal('a TIFF that contradicts itself')
  return { width, height, orientation, numbers: new Numbers(data.buffer, data.byteOffset, width * height * layout.samples) }
}

/**
 * The picture as a plain TIFF: its colours and its alpha alone, unsigned numbers of 8 or 16 bits, black and white where they are
 * meant to be. Throws a ServiceError `unsupported_image_format` where the numbers do not tell.
 */
export async function plainPicture (
  upload: Uint8Array, { directories: [tags] }: Tiff, layout: SampleLayout, samples: Samples
): Promise<Buffer> {
  const { photometric, colours, alpha, bits, format } = layout
  const profile = profileOf(upload, tags)
  const isLinear = format === 'float' && photometric === PHOTOMETRIC.rgb && profile === undefined
  const isLab = photometric === PHOTOMETRIC.lab
  const plain = plainTiff({
    width: samples.width,
    height: samples.height,
    photometric,
    colours,
    alpha: isLinear && alpha !== undefined ? EXTRA.alpha : alpha?.kind,
    bits: isLinear || photometric === PHOTOMETRIC.separated || (bits === 8 && !isLab) ? 8 : 16,
    profile,
    orientation: samples.orientation
  })
  if (isLab) {
    await widen(samples, layout, plain)
    return plain.file
  }
  const ranges = rangesOf(layout, isScanned(layout) ? await extremesOf(samples, layout) : undefined)
  await (isLinear ? encode(samples, layout, plain, ranges) : scale(samples, layout, plain, ranges))
  return plain.file
}

function profileOf (upload: Uint8Array, tags: Directory | undefined): Uint8Array | undefined {
  const tag = tags?.get(TAGS.profile)
  return tag === undefined ? undefined : upload.subarray(tag.at, tag.at + tag.bytes)
}

async function extremesOf ({ width, height, numbers }: Samples, { colours, alpha, samples }: SampleLayout): Promise<Extremes> {
  const extremes = { least: Infinity, greatest: -Infinity, sum: 0, count: 0, greatestAlpha: 0 }
  await inTurns(width * height, (begin, end) => {
    for (let at = begin * samples; at < end * samples; at += samples) {
      for (let colour = 0; colour < colours; colour++) {
        const value = numbers[at + colour] ?? 0
        if (!Number.isFinite(value)) continue
        extremes.least = Math.min(extremes.least, value)
        extremes.greatest = Math.max(extremes.greatest, value)
        extremes.sum += value
        extremes.count++
      }
      if (alpha !== undefined) extremes.greatestAlpha = Math.max(extremes.greatestAlpha, numbers[at + alpha.at] ?? 0)
    }
  })
  return extremes
}

/** Numbers from black to white become whole ones from 0 to what the bits of the file hold. */
async function scale (
  { width, height, numbers }: Samples, { colours, alpha, samples }: SampleLayout, plain: PlainFile, ranges: Ranges
): Promise<void> {
  const white = 2 ** (8 * plain.samples.BYTES_PER_ELEMENT) - 1
  const scaled = (value: number, { least, greatest }: Range): number => (
    Math.min(white, Math.max(0, (value - least) * (white / (greatest - least)) + 0.5))
  )
  await inTurns(width * height, (begin, end) => {
    let to = begin * (colours + (alpha === undefined ? 0 : 1))
    for (let at = begin * samples; at < end * samples; at += samples) {
      for (let colour = 0; colour < colours; colour++) plain.samples[to++] = scaled(numbers[at + colour] ?? 0, ranges.colour) | 0
      if (alpha !== undefined) plain.samples[to++] = scaled(numbers[at + alpha.at] ?? 0, ranges.alpha) | 0
    }
  })
}

/** CIELAB with 16 bits: the lightness is unsigned, the other two are signed, of which the higher byte is what 8 bits have. */
async function widen ({ width, height, numbers }: Samples, { colours, bits, samples }: SampleLayout, plain: PlainFile): Promise<void> {
  const [lightness, other] = bits === 8 ? [257, 256] : [1, 1]
  await inTurns(width * height, (begin, end) => {
    for (let pixel = begin; pixel < end; pixel++) {
      for (let colour = 0; colour < colours; colour++) {
        plain.samples[pixel * colours + colour] = (numbers[pixel * samples + colour] ?? 0) * (colour === 0 ? lightness : other)
      }
    }
  })
}

/** Linear colours, of which alpha is taken out where it is multiplied in, become bytes of sRGB. */
async function encode (
  { width, height, numbers }: Samples, { colours, alpha, samples }: SampleLayout, plain: PlainFile, ranges: Ranges
): Promise<void> {
  const opaque = ranges.alpha.greatest
  await inTurns(width * height, (begin, end) => {
    let to = begin * (colours + (alpha === undefined ? 0 : 1))
    for (let at = begin * samples; at < end * samples; at += samples) {
      const covered = alpha === undefined ? 1 : Math.min(1, Math.max(0, (numbers[at + alpha.at] ?? 0) / opaque))
      const taken = alpha?.kind === EXTRA.premultiplied && covered > 0 ? covered : 1
      for (let colour = 0; colour < colours; colour++) plain.samples[to++] = srgbByte((numbers[at + colour] ?? 0) / taken)
      if (alpha !== undefined) plain.samples[to++] = Math.round(255 * covered)
    }
  })
}

/** Goes over all pixels, and lets others have their turn between. */
export async function inTurns (pixels: number, work: (begin: number, end: number) => void): Promise<void> {
  for (let begin = 0; begin < pixels; begin += TURN_PIXELS) {
    work(begin, Math.min(pixels, begin + TURN_PIXELS))
    await setImmediate()
  }
}
