import { emptyUpload, heic, unknownFormat, unsupportedFormat } from '../base/sentences.js'

/** The formats that are decoded. */
export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const

export type ImageFormat = typeof IMAGE_FORMATS[number]

type Verdict = ImageFormat | 'heic' | { unsupported: string } | undefined

/** Signatures at a fixed offset; hexadecimal, `..` stands for any byte. */
const SIGNATURES: ReadonlyArray<readonly [hex: string, verdict: Exclude<Verdict, undefined>]> = [
  ['ffd8ff', 'jpeg'],
  ['89504e470d0a1a0a', 'png'],
  ['52494646........57454250', 'webp'],
  ['474946383761', 'gif'],
  ['474946383961', 'gif'],
  // Camera raws that begin as TIFF does: what can be decoded of them is a preview.
  ['49492a00........4352', { unsupported: 'a camera raw (Canon CR2)' }],
  ['49492a0049494949', { unsupported: 'a camera raw (Phase One IIQ)' }],
  ['49492a00', 'tiff'],
  ['4d4d002a', 'tiff'],
  // BigTIFF: version 43 with offsets of 8 bytes.
  ['49492b000800', 'tiff'],
  ['4d4d002b0008', 'tiff'],
  ['4949524f', { unsupported: 'a camera raw (Olympus ORF)' }],
  ['49495253', { unsupported: 'a camera raw (Olympus ORF)' }],
  ['4d4d4f52', { unsupported: 'a camera raw (Olympus ORF)' }],
  ['49495500', { unsupported: 'a camera raw (Panasonic RW2)' }],
  ['46554a4946494c4d4343442d524157', { unsupported: 'a camera raw (Fujifilm RAF)' }],
  ['49491a00000048454150434344', { unsupported: 'a camera raw (Canon CRW)' }],
  ['004d524d', { unsupported: 'a camera raw (Minolta MRW)' }],
  ['464f5662', { unsupported: 'a camera raw (Sigma X3F)' }],
  ['0000000c4a584c20', { unsupported: 'JPEG XL' }],
  ['ff0a', { unsupported: 'JPEG XL' }],
  ['0000000c6a502020', { unsupported: 'JPEG 2000' }],
  ['ff4fff51', { unsupported: 'JPEG 2000' }],
  ['424d............0000', { unsupported: 'BMP' }],
  ['00000100', { unsupported: 'ICO' }],
  ['38425053', { unsupported: 'Photoshop (PSD)' }],
  ['255044462d', { unsupported: 'PDF' }],
  ['504b0304', { unsupported: 'ZIP' }],
  ['1f8b', { unsupported: 'gzip' }],
  ['1a45dfa3', { unsupported: 'Matroska or WebM video' }]
]

const AVIF_BRANDS = new Set(['avif', 'avis'])
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'])
/** Brands of the HEIF container that leave the codec open: the compatible brands name it. */
const HEIF_BRANDS = new Set(['mif1', 'mif2', 'msf1', 'miaf'])

const SNIFFED_TEXT_BYTES = 1024
/** More brands than any real file lists; bounds the work on a forged box length. */
const MAX_BRANDS = 64

function matches (bytes: Uint8Array, hex: string): boolean {
  if (bytes.length < hex.length / 2) return false
  for (let index = 0; index < hex.length / 2; index++) {
    const digits = hex.slice(index * 2, index * 2 + 2)
    if (digits !== '..' && bytes[index] !== Number.parseInt(digits, 16)) return false
  }
  return true
}

function latin1 (bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end))
}

/** ISO/IEC 14496-12 section 4.3: a `ftyp` box with a major brand, a version and the compatible brands. */
function sniffIsoMedia (bytes: Uint8Array): Verdict {
  if (bytes.length < 12 || latin1(bytes, 4, 8) !== 'ftyp') return undefined
  const boxBytes = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  const end = Math.min(bytes.length, boxBytes, 16 + MAX_BRANDS * 4)
  const major = latin1(bytes, 8, 12)
  const brands = [major]
  for (let start = 16; start + 4 <= end; start += 4) brands.push(latin1(bytes, start, start + 4))

  if (AVIF_BRANDS.has(major)) return 'avif'
  if (HEIC_BRANDS.has(major)) return 'heic'
  if (brands.some(brand => AVIF_BRANDS.has(brand))) return 'avif'
  if (brands.some(brand => HEIC_BRANDS.has(brand) || HEIF_BRANDS.has(brand))) return 'heic'
  if (major === 'crx ') return { unsupported: 'a camera raw (Canon CR3)' }
  return { unsupported: 'MP4 or QuickTime video' }
}

function sniffText (bytes: Uint8Array): Verdict {
  const text = latin1(bytes, 0, SNIFFED_TEXT_BYTES).toLowerCase()
  if (/^(\u00ef\u00bb\u00bf)?\s*</.test(text)) {
    if (text.includes('<svg')) return { unsupported: 'SVG' }
    if (text.includes('<html')) return { unsupported: 'HTML' }
  }
  return undefined
}

function sniff (bytes: Uint8Array): Verdict {
  for (const [hex, verdict] of SIGNATURES) {
    if (matches(bytes, hex)) return verdict
  }
  return sniffIsoMedia(bytes) ?? sniffText(bytes)
}

/**
 * Names the format of an image by its first bytes; a file name or declared type plays no part.
 *
 * @throws ServiceError `no_image` for no bytes, `heic_not_supported` for HEIC,
 * `unsupported_image_format` for everything else that is not decoded.
 */
export function sniffFormat (bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) throw emptyUpload()
  const verdict = sniff(bytes)
  if (verdict === 'heic') throw heic()
  if (verdict === undefined) throw unknownFormat()
  if (typeof verdict === 'object') throw unsupportedFormat(verdict.unsupported)
  return verdict
}
