import { avifOddities, type AvifOddities } from './avif.js'
import { OPEN, sharp } from './libvips.js'
import type { ImageFormat } from './sniff.js'
import { sampleLayout, type SampleLayout } from './tiff/layout.js'
import { RGB, plainTiff } from './tiff/plain-file.js'
import { inTurns, plainPicture, readSamples, withoutMeaning } from './tiff/samples.js'
import { readTiff, type Tiff } from './tiff/tags.js'

/** What libvips gets wrong about a picture, put right: as another file of the same size, which it reads as it is meant. */
export interface Mending {
  /** The upload as libvips is to open it. */
  readonly bytes: Uint8Array
  /** Bytes that it takes at most, beside those of decoding the upload, for each pixel of it. */
  readonly pixelBytes: number
  /**
   * Reads the upload's pixels and gives what makes the other file of them. It rejects with what libvips says; the second step with
   * a ServiceError `unsupported_image_format` where the pixels do not tell what they mean.
   */
  read (seconds: number): Promise<() => Promise<Buffer>>
}

/** Bytes a pixel of the file that stands for an AVIF. */
const RGB_BYTES = 3
const RGBA_BYTES = 4
/** Bytes of a sample of the file that stands for a TIFF, at most. */
const WRITTEN_BYTES = 2

/**
 * What has to be put right in an upload; undefined for nearly all of them. Throws a ServiceError
 * `unsupported_image_format` where it cannot be put right.
 */
export function mendingOf (format: ImageFormat, upload: Uint8Array): Mending | undefined {
  if (format === 'tiff') {
    const tiff = readTiff(upload)
    const layout = sampleLayout(tiff)
    return layout === undefined ? undefined : tiffMending(upload, tiff, layout)
  }
  if (format !== 'avif') return undefined
  const oddities = avifOddities(upload)
  return oddities.premultiplied || oddities.limitedGrey ? avifMending(upload, oddities) : undefined
}

function tiffMending (upload: Uint8Array, tiff: Tiff, layout: SampleLayout): Mending {
  const read = layout.samples * Math.ceil(layout.bits / 8) * (layout.format === 'float' ? 2 : 1)
  const written = (layout.colours + (layout.alpha === undefined ? 0 : 1)) * WRITTEN_BYTES
  const bytes = withoutMeaning(upload, tiff)
  return {
    bytes,
    // The samples as libvips has them and as it hands them over, the file, and what reading that takes.
    pixelBytes: 2 * read + 3 * written,
    async read (seconds) {
      const samples = await readSamples(bytes, layout, seconds)
      return () => plainPicture(upload, tiff, layout, samples)
    }
  }
}

function avifMending (upload: Uint8Array, oddities: AvifOddities): Mending {
  return {
    bytes: upload,
    pixelBytes: 2 * RGBA_BYTES + 3 * RGB_BYTES,
    async read (seconds) {
      const { data, info } = await sharp(upload, OPEN).timeout({ seconds }).raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
      return () => overWhite(data, info, oddities)
    }
  }
}

interface Shape { readonly width: number, readonly height: number, readonly channels: number }

/** Colours over white, grey ones widened from 16 to 235 to all of the range. */
async function overWhite (pixels: Uint8Array, { width, height, channels }: Shape, oddities: AvifOddities): Promise<Buffer> {
  const { premultiplied, limitedGrey } = oddities
  const { file, samples } = plainTiff({ width, height, ...RGB })
  const colours = Uint8ClampedArray.from({ length: 256 }, (_, value) => limitedGrey ? (value - 16) * (255 / 219) : value)
  const step = channels > 2 ? 1 : 0
  const hasAlpha = channels % 2 === 0
  await inTurns(width * height, (begin, end) => {
    for (let pixel = begin; pixel < end; pixel++) {
      const from = pixel * channels
      const alpha = hasAlpha ? (pixels[from + channels - 1] ?? 255) / 255 : 1
      for (let colour = 0; colour < RGB_BYTES; colour++) {
        const value = colours[pixels[from + colour * step] ?? 0] ?? 0
        samples[pixel * RGB_BYTES + colour] = (premultiplied ? value : value * alpha) + 255 * (1 - alpha)
      }
    }
  })
  return file
}
