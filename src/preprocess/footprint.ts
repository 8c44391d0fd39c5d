import type { Metadata } from 'sharp'
import type { Mending } from './mending.js'
import type { ImageFormat } from './sniff.js'

/** Rows that libvips keeps of a picture that it reads from top to bottom, at most. */
const ROWS_KEPT = 2048
/** What a decoder takes however small the picture is. */
const LEAST_BYTES = 16 * 1024 * 1024

const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  uchar: 1, char: 1, ushort: 2, short: 2, uint: 4, int: 4, float: 4, complex: 8, double: 8, dpcomplex: 16
}
const LARGEST_SAMPLE_BYTES = 16

/** Webp and GIF are decoded to red, green, blue and alpha. */
const RGBA_BYTES = 4

/** What of a header says how much memory a picture takes. */
export type Measures = Pick<Metadata, 'width' | 'height' | 'channels' | 'depth' | 'isProgressive'>

/** A picture of which the header was read. */
export interface Picture {
  readonly format: ImageFormat
  readonly header: Measures
  readonly mending?: Mending | undefined
}

/**
 * Bytes of memory that decoding an image takes at most, as far as its header says: width, height, channels, bytes a sample, what
 * the format's decoder holds whole, and what putting it right does. Above what was measured for each format; docs/operations.md has
 * the figures.
 *
 * @param pixelBytes What is made of the whole picture beside, in bytes a pixel.
 */
export function decodingBytes ({ format, header, mending }: Picture, pixelBytes = 0): number {
  const { width, height } = header
  const keptPixels = width * Math.min(height, ROWS_KEPT)
  const held = heldBytes(format, header) + (mending?.pixelBytes ?? 0) + pixelBytes
  return LEAST_BYTES + width * height * held + keptPixels * streamedBytes(format, header)
}

/** Bytes a pixel of what the decoder holds of the whole picture. */
function heldBytes (format: ImageFormat, header: Measures): number {
  switch (format) {
    // Coefficients of two bytes until the last scan has come. A JPEG of one scan is shrunk as it is read.
    case 'jpeg': return header.isProgressive ? 2 * header.channels : 0
    case 'png': return header.isProgressive ? pixelBytes(header) : 0
    // A strip or a tile can be the whole picture, and is held as it is read and as it is needed.
    case 'tiff': return 2 * pixelBytes(header)
    case 'webp': return 2 * RGBA_BYTES
    case 'gif': return RGBA_BYTES
    // The planes, the same again as RGB with alpha, and what the codec keeps beside them.
    case 'avif': return pixelBytes(header) > RGBA_BYTES ? 28 : 20
  }
}

/** Bytes a pixel of the rows that are on their way to the resized picture. */
function streamedBytes (format: ImageFormat, header: Measures): number {
  switch (format) {
    case 'webp': case 'gif': return RGBA_BYTES
    // In what it holds of the whole picture.
    case 'avif': return 0
    default: return pixelBytes(header)
  }
}

function pixelBytes ({ channels, depth }: Measures): number {
  return channels * (SAMPLE_BYTES[depth] ?? LARGEST_SAMPLE_BYTES)
}
