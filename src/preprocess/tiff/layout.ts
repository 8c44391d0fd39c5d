import type { ServiceError } from '../../base/errors.js'
import { unsupportedFormat } from '../../base/sentences.js'
import { MAX_CHANNELS } from '../libvips.js'
import type { Directory, Tiff } from './tags.js'

/*
 * How a TIFF stores its picture, by its tags: whether libvips reads it as it is meant, whether its samples have to be put in order
 * first, or whether it is refused, by name. libvips takes every sample beyond the colours for alpha, and shows integers of 32 bits,
 * signed ones and floats from 0 to 1 as black.
 */

/** TIFF 6.0, its supplements, and DNG 1.7. */
export const TAGS = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  inkSet: 332,
  extraSamples: 338,
  sampleFormat: 339,
  least: 340,
  greatest: 341,
  leafMetadata: 34310,
  profile: 34675,
  dngVersion: 50706
} as const

export const PHOTOMETRIC = {
  whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, separated: 5, yCbCr: 6, lab: 8, colourFilter: 32803, logLuv: 32845, linearRaw: 34892
} as const

/** Photometric interpretations of which samples mean nothing one by one. */
const NOT_TAKEN_APART = new Set<number>([PHOTOMETRIC.palette, PHOTOMETRIC.yCbCr, PHOTOMETRIC.logLuv])

export const EXTRA = { unspecified: 0, premultiplied: 1, alpha: 2 } as const

/** What is none of these is unsigned, as libtiff has it. */
const FORMATS: Readonly<Record<number, SampleFormat | 'complex'>> = { 2: 'signed', 3: 'float', 5: 'complex', 6: 'complex' }

/** Compressions that only camera raws have, and those that the libtiff of sharp is built without. */
const RAW_COMPRESSIONS = new Set([32767, 32769, 32770, 34713, 34892, 65000, 65535])
const UNREADABLE_COMPRESSIONS: ReadonlyMap<number, string> = new Map([
  [6, 'old-style JPEG'], [9, 'JBIG'], [10, 'JBIG'], [32908, 'PixarFilm'], [32909, 'PixarLog'], [33003, 'JPEG 2000'], [33004, 'JPEG 2000'],
  [33005, 'JPEG 2000'], [34661, 'JBIG'], [34712, 'JPEG 2000'], [34718, 'Microsoft Document Imaging'], [34887, 'LERC'], [34925, 'LZMA'],
  [50000, 'Zstandard'], [50002, 'JPEG XL'], [52546, 'JPEG XL']
])
const JPEG = 7

/** Bits of unsigned samples that libvips reads. */
const PLAIN_BITS = new Set([1, 2, 4, 8, 16])

type SampleFormat = 'unsigned' | 'signed' | 'float'

/** The numbers of black and of white. */
export interface Range {
  readonly least: number
  readonly greatest: number
}

/** Samples that have to be put in order: which of them are the picture, and what their numbers mean. */
export interface SampleLayout {
  readonly photometric: number
  /** Colours of a pixel, which are its first samples. */
  readonly colours: number
  /** Samples of a pixel, extra ones with them. */
  readonly samples: number
  /** Which sample is alpha, and what the file says of it. */
  readonly alpha?: { readonly at: number, readonly kind: number }
  readonly bits: number
  readonly format: SampleFormat
  /** What is black and what is white, where the file says so. */
  readonly range?: Range
}

/**
 * The layout of samples that have to be put in order; undefined where libvips reads the file as it is meant, or finds the words for
 * what is wrong with it. Throws a ServiceError `unsupported_image_format` for camera raws and what cannot be read by its kind.
 */
export function sampleLayout ({ directories }: Tiff): SampleLayout | undefined {
  refuseRaw(directories)
  const [tags] = directories
  const photometric = numberOf(tags, TAGS.photometric)
  if (tags === undefined || photometric === undefined) return undefined
  refuseCompression(numberOf(tags, TAGS.compression))
  const samples = numberOf(tags, TAGS.samples) ?? 1
  const colours = coloursOf(tags, photometric, samples)
  if (samples < colours) return undefined
  const alpha = alphaOf(tags, colours, samples)
  const layout = { photometric, colours, samples, ...formatOf(tags), ...alpha === undefined ? {} : { alpha }, ...rangeOf(tags, colours) }
  if (isPlain(layout)) return undefined
  refuseLayout(layout, tags)
  return layout
}

export function refusal (what: string): ServiceError {
  return unsupportedFormat(what, 'it as a JPEG, a PNG or a plain TIFF of 8 or 16 bits')
}

function refuseRaw (directories: readonly Directory[]): void {
  const [first] = directories
  if (first?.has(TAGS.dngVersion) === true) throw refusal('a camera raw (DNG)')
  const isRaw = (tags: Directory): boolean => {
    const photometric = numberOf(tags, TAGS.photometric)
    return photometric === PHOTOMETRIC.colourFilter || photometric === PHOTOMETRIC.linearRaw ||
      RAW_COMPRESSIONS.has(numberOf(tags, TAGS.compression) ?? 0) || tags.has(TAGS.leafMetadata)
  }
  if (directories.some(isRaw)) throw refusal('a camera raw')
}

function refuseCompression (compression = 1): void {
  const name = UNREADABLE_COMPRESSIONS.get(compression)
  if (name !== undefined) throw refusal(`a TIFF compressed with ${name}`)
}

/** Samples of a pixel that are its colour. */
function coloursOf (tags: Directory, photometric: number, samples: number): number {
  switch (photometric) {
    case PHOTOMETRIC.whiteIsZero: case PHOTOMETRIC.blackIsZero: case PHOTOMETRIC.palette: return 1
    case PHOTOMETRIC.rgb: case PHOTOMETRIC.yCbCr: case PHOTOMETRIC.lab: case PHOTOMETRIC.logLuv: return 3
    case PHOTOMETRIC.separated:
      if ((numberOf(tags, TAGS.inkSet) ?? 1) === 1 && samples >= 4) return 4
      throw refusal('a TIFF of other inks than cyan, magenta, yellow and black')
    default: throw refusal(`a TIFF with the photometric interpretation ${photometric}`)
  }
}

/**
 * The sample that is alpha. Where nothing or something unknown is said of a single extra one, it is, as other readers have it;
 * one that is said to be unspecified is data.
 */
function alphaOf (tags: Directory, colours: number, samples: number): SampleLayout['alpha'] {
  const kinds = tags.get(TAGS.extraSamples)?.values ?? []
  const known = kinds.findIndex((kind) => kind === EXTRA.premultiplied || kind === EXTRA.alpha)
  if (known >= 0 && colours + known < samples) return { at: colours + known, kind: kinds[known] ?? EXTRA.alpha }
  const isSingle = samples === colours + 1
  return isSingle && kinds[0] !== EXTRA.unspecified ? { at: colours, kind: EXTRA.alpha } : undefined
}

function formatOf (tags: Directory): Pick<SampleLayout, 'bits' | 'format'> {
  const format = FORMATS[numberOf(tags, TAGS.sampleFormat) ?? 1] ?? 'unsigned'
  if (format === 'complex') throw refusal('a TIFF of complex numbers')
  return { bits: numberOf(tags, TAGS.bits) ?? 1, format }
}

/** Floats of colours are light from 0 to 1 whatever else is said: the greatest number is that of the picture, not white. */
function rangeOf (tags: Directory, colours: number): Pick<SampleLayout, 'range'> {
  if (colours > 1 && formatOf(tags).format === 'float') return {}
  const [least = NaN, greatest = NaN] = [numberOf(tags, TAGS.least), numberOf(tags, TAGS.greatest)]
  return Number.isFinite(greatest - least) && greatest > least ? { range: { least, greatest } } : {}
}

/** Whether libvips reads it as it is meant: not CIELAB of 8 bits, and of CMYK with 16 no alpha. */
function isPlain ({ photometric, colours, samples, alpha, bits, format }: SampleLayout): boolean {
  if (photometric === PHOTOMETRIC.logLuv) return samples === colours
  if (photometric === PHOTOMETRIC.lab) return samples === colours && bits === 16
  if (photometric === PHOTOMETRIC.separated && bits === 16 && alpha !== undefined) return false
  return format === 'unsigned' && PLAIN_BITS.has(bits) && (samples === colours || (samples === colours + 1 && alpha !== undefined))
}

function refuseLayout ({ photometric, alpha, samples, bits, format, range }: SampleLayout, tags: Directory): void {
  if (samples > MAX_CHANNELS) throw refusal(`a TIFF of ${samples} channels`)
  if (photometric === PHOTOMETRIC.lab) {
    if (alpha === undefined && (bits === 8 || bits === 16)) return
    throw refusal('a TIFF in CIELAB with alpha or with more than 16 bits')
  }
  const readable = format === 'float' ? [16, 32] : [8, 16, 32]
  if (!readable.includes(bits)) throw refusal(`a TIFF of ${format} numbers with ${bits} bits`)
  if (NOT_TAKEN_APART.has(photometric) || numberOf(tags, TAGS.compression) === JPEG) {
    throw refusal(`a TIFF of ${samples} samples a pixel, ${format} with ${bits} bits, that are a palette's, YCbCr's or JPEG's`)
  }
  if (format === 'signed' && range === undefined) throw refusal('a TIFF of signed numbers that does not say which are black and white')
}

function numberOf (tags: Directory | undefined, name: number): number | undefined {
  return tags?.get(name)?.values[0]
}
