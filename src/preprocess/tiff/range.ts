import { refusal, type Range, type SampleLayout } from './layout.js'

export interface Ranges {
  readonly colour: Range
  readonly alpha: Range
}

/** What the samples of a picture are, numbers that are none left out. */
export interface Extremes {
  readonly least: number
  readonly greatest: number
  readonly sum: number
  readonly count: number
  readonly greatestAlpha: number
}

const UNIT: Range = { least: 0, greatest: 1 }
const BYTES: Range = { least: 0, greatest: 255 }

/** What resampling adds beyond black and white, as a share of white. */
const OVERSHOOT = 0.05
/** What even a dark picture of floats that count to 255 reaches; below, they may as well be something else. */
const LEAST_WHITE = 32
/** Least integer of 32 bits that gives a byte that is not black. */
const LEAST_OF_32_BITS = 2 ** 24

/** Whether black and white can be known by the samples alone. */
export function isScanned ({ format, bits, range }: SampleLayout): boolean {
  return range === undefined && (format === 'float' || bits > 16)
}

/**
 * Which numbers are black and white: by the file where it says so, by the bits of unsigned integers, and of floats by the convention
 * that the samples keep. Throws a ServiceError `unsupported_image_format` where they keep none, or would be next to black or white.
 */
export function rangesOf (layout: SampleLayout, extremes: Extremes | undefined): Ranges {
  const { format, bits, range } = layout
  if (range !== undefined) return { colour: range, alpha: format === 'float' ? UNIT : fullRange(bits) }
  if (format !== 'float') return integerRanges(bits, extremes)
  if (extremes === undefined || extremes.count === 0) throw refusal('a TIFF of floats none of which is a number')
  return { colour: floatRange(layout, extremes), alpha: extremes.greatestAlpha <= 1 + OVERSHOOT ? UNIT : BYTES }
}

function integerRanges (bits: number, extremes: Extremes | undefined): Ranges {
  const full = fullRange(bits)
  if (extremes !== undefined && extremes.greatest > 0 && extremes.greatest < LEAST_OF_32_BITS) {
    throw refusal(`a TIFF of ${bits} bits that would be black: its greatest number is ${extremes.greatest} of ${full.greatest}`)
  }
  return { colour: full, alpha: full }
}

function fullRange (bits: number): Range {
  return { least: 0, greatest: 2 ** bits - 1 }
}

function floatRange ({ colours }: SampleLayout, { least, greatest, sum, count }: Extremes): Range {
  const keepsUnit = greatest <= 1 + OVERSHOOT
  const isPositive = least >= -OVERSHOOT * Math.max(greatest, Number.EPSILON)
  if (isPositive && keepsUnit) return UNIT
  const isGrey = colours === 1
  if (isPositive && isGrey && greatest >= LEAST_WHITE && greatest <= 255 * (1 + OVERSHOOT)) return BYTES
  // Light beyond white is cut off where a picture has it; where most of it is beyond white, its numbers mean something else.
  if (colours === 3 && sum / count <= 1 && least >= -1) return UNIT
  throw refusal(`a TIFF of floats from ${least.toPrecision(3)} to ${greatest.toPrecision(3)} that does not say which are black and white`)
}

/** Bytes of sRGB (IEC 61966-2-1) for linear light from 0 to 1, by 65,535ths. */
const SRGB_BYTES = Uint8Array.from({ length: 65_536 }, (_, index) => {
  const linear = index / 65_535
  return Math.round(255 * (linear <= 0.003_130_8 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055))
})

/** The byte of sRGB for linear light, of which what is beyond 0 to 1 is cut off. */
export function srgbByte (linear: number): number {
  return SRGB_BYTES[Math.min(65_535, Math.max(0, Math.round(linear * 65_535)))] ?? 0
}
