/**
 * Tells whether an ICC profile (ICC.1:2022) describes sRGB. Converting sRGB to sRGB changes nothing but takes longer
 * than decoding a photo, and most cameras embed such a profile. Its numbers decide, not its name: every vendor has a
 * name of its own.
 */

const HEADER_BYTES = 128
const TAG_ENTRY_BYTES = 12
const MAX_TAGS = 100

/** Colorants of sRGB adapted to D50, as every sRGB profile stores them. */
const SRGB_COLORANTS: Readonly<Record<string, readonly [number, number, number]>> = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141]
}

/** Profiles in use differ from each other by 0.0001. */
const COLORANT_TOLERANCE = 0.0003
/** In steps of 8 bits: what is below half a step rounds away. */
const CURVE_TOLERANCE = 0.5 / 255
const CURVE_SAMPLES = 32

type ToneCurve = (encoded: number) => number

function signature (view: DataView, offset: number): string {
  return String.fromCharCode(view.getUint8(offset), view.getUint8(offset + 1), view.getUint8(offset + 2), view.getUint8(offset + 3))
}

function fixed16 (view: DataView, offset: number): number {
  return view.getInt32(offset) / 65536
}

function readTags (view: DataView): Map<string, number> {
  const count = Math.min(view.getUint32(HEADER_BYTES), MAX_TAGS)
  const tags = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const entry = HEADER_BYTES + 4 + index * TAG_ENTRY_BYTES
    tags.set(signature(view, entry), view.getUint32(entry + 4))
  }
  return tags
}

/** `curv`: a gamma (one entry) or a table, linear between its entries. */
function readSampledCurve (view: DataView, offset: number): ToneCurve {
  const count = view.getUint32(offset + 8)
  if (count === 0) return encoded => encoded
  const entry = (index: number): number => view.getUint16(offset + 12 + index * 2)
  if (count === 1) return encoded => encoded ** (entry(0) / 256)
  return encoded => {
    const position = encoded * (count - 1)
    const low = Math.min(Math.floor(position), count - 2)
    return (entry(low) + (entry(low + 1) - entry(low)) * (position - low)) / 65535
  }
}

/** `para`, function type 3, which is the shape of sRGB: (aX + b)^g from d on, cX below. Other types are not sRGB. */
function readParametricCurve (view: DataView, offset: number): ToneCurve | undefined {
  if (view.getUint16(offset + 8) !== 3) return undefined
  const parameter = (index: number): number => fixed16(view, offset + 12 + index * 4)
  const [g, a, b, c, d] = [parameter(0), parameter(1), parameter(2), parameter(3), parameter(4)]
  return encoded => encoded >= d ? (a * encoded + b) ** g : c * encoded
}

function readCurve (view: DataView, offset: number): ToneCurve | undefined {
  const type = signature(view, offset)
  if (type === 'curv') return readSampledCurve(view, offset)
  if (type === 'para') return readParametricCurve(view, offset)
  return undefined
}

/** IEC 61966-2-1: linear light to the encoded value. */
function encodeSrgb (linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055
}

function isSrgbCurve (curve: ToneCurve): boolean {
  for (let sample = 0; sample <= CURVE_SAMPLES; sample++) {
    const encoded = sample / CURVE_SAMPLES
    // Written so that NaN, which a forged curve can give, is no match.
    if (!(Math.abs(encodeSrgb(curve(encoded)) - encoded) < CURVE_TOLERANCE)) return false
  }
  return true
}

function describesSrgb (view: DataView): boolean {
  if (signature(view, 16) !== 'RGB ' || signature(view, 20) !== 'XYZ ') return false
  const tags = readTags(view)
  // A lookup table, where there is one, counts before colorants and curves.
  if (tags.has('A2B0')) return false

  for (const [tag, colorant] of Object.entries(SRGB_COLORANTS)) {
    const offset = tags.get(tag)
    if (offset === undefined) return false
    if (colorant.some((value, index) => Math.abs(fixed16(view, offset + 8 + index * 4) - value) > COLORANT_TOLERANCE)) return false
  }
  return ['rTRC', 'gTRC', 'bTRC'].every(tag => {
    const offset = tags.get(tag)
    const curve = offset === undefined ? undefined : readCurve(view, offset)
    return curve !== undefined && isSrgbCurve(curve)
  })
}

/** True for a profile that is sRGB within half a step of 8 bits; false for any other and for damaged ones. */
export function isSrgbProfile (profile: Uint8Array): boolean {
  try {
    return describesSrgb(new DataView(profile.buffer, profile.byteOffset, profile.byteLength))
  } catch (error) {
    // An offset beyond the end: the profile is damaged.
    if (error instanceof RangeError) return false
    throw error
  }
}
