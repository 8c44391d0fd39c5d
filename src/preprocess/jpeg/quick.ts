import type { InputSpec } from '../../model/input.js'
import type { Measures } from '../footprint.js'
import { planGeometry, type Size } from '../geometry.js'
import { luma } from '../luma.js'
import { isSampling } from '../sampling.js'
import type { ImageLimits } from '../types.js'
import { plainJpegSize } from './plain-jpeg.js'
import { reduceJpeg, type Reduction } from './reduce.js'

/** From this factor on, libvips begins with means of whole pixels. */
const MEANS_FROM = 4
/** What a picture is shrunk by in libjpeg, at the least factor by which it is to be reduced: sharp leaves one of two to the kernel. */
const SHRINKS = [{ from: 16, shrink: 8 }, { from: 8, shrink: 4 }, { from: 4, shrink: 2 }, { from: 1, shrink: 1 }] as const
const RGB = 3

/** A JPEG that libjpeg-turbo and this project's own resizing are to make of what libvips would, in a third of the time. */
export interface QuickJpeg {
  readonly format: 'jpeg'
  readonly header: Measures
  /** The pixels that `convert` gives; undefined where libjpeg finds anything odd about the file. It must not change meanwhile. */
  convert (): Promise<Uint8Array<ArrayBuffer> | undefined>
}

/** An upload that is a plain JPEG within the limits, no smaller than the input; undefined for any other, and without libjpeg-turbo. */
export function quickJpeg (upload: Uint8Array, input: InputSpec, limits: ImageLimits, timeoutMs: number): QuickJpeg | undefined {
  if (reduceJpeg instanceof Error || upload.length > limits.maxImageBytes) return undefined
  const reduce = reduceJpeg
  const size = plainJpegSize(upload)
  if (size === undefined || size.width * size.height > limits.maxImagePixels) return undefined
  const reduction = reductionOf(size, input, timeoutMs)
  if (reduction === undefined) return undefined
  return {
    format: 'jpeg',
    header: { ...size, channels: RGB, depth: 'uchar', isProgressive: false },
    async convert () {
      // Of no pool, since the engine may be given the whole buffer, and not filled with zeros before.
      const pixels = new Uint8Array(Buffer.allocUnsafeSlow(reduction.outputWidth * reduction.outputHeight * RGB).buffer)
      if (!await reduce(upload, pixels, reduction)) return undefined
      return input.channels === 1 ? luma(pixels) : pixels
    }
  }
}

function reductionOf (size: Size, input: InputSpec, timeoutMs: number): Reduction | undefined {
  const { kernel } = input
  if (isSampling(kernel)) return undefined
  const { window, resize = size, crop = { left: 0, top: 0, ...resize } } = planGeometry(size, false, input)
  const least = Math.min(size.width / resize.width, size.height / resize.height)
  const shrink = SHRINKS.find(({ from }) => least >= from)?.shrink
  if (window !== undefined || shrink === undefined) return undefined
  const reduces = (from: number, to: number): boolean => from >= to && from < MEANS_FROM * to
  if (!reduces(Math.floor(size.width / shrink), resize.width) || !reduces(Math.floor(size.height / shrink), resize.height)) return undefined
  return {
    ...size,
    shrink,
    resizedWidth: resize.width,
    resizedHeight: resize.height,
    left: crop.left,
    top: crop.top,
    outputWidth: crop.width,
    outputHeight: crop.height,
    kernel,
    timeoutMs
  }
}
