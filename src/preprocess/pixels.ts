import type { Metadata, Sharp } from 'sharp'

import { heic, imageTooLarge, tooManyPixels, tookTooLong, undecodable } from '../base/sentences.js'
import { stillAvif } from './avif.js'
import { blameOf, DecodeFailure } from './decode-failure.js'
import { asStored, boxOf, type Crop } from './crop.js'
import { planGeometry, type Box, type Plan } from './geometry.js'
import { isSrgbProfile } from './icc.js'
import { luma } from './luma.js'
import { rescaled } from './rescaled.js'
import { isSampling, sampleFloats, samplePicture, type Picture, type SamplingKernel } from './sampling.js'
import { OPEN, sharp } from './libvips.js'
import { mendingOf, type Mending } from './mending.js'
import { sniffFormat, type ImageFormat } from './sniff.js'
import { sidesOf, type InputSpec } from '../model/input.js'
import type { ImageLimits, Pixels } from './types.js'

/** Channels of what libvips gives. */
const CHANNELS = 3
type ResizingKernel = Exclude<InputSpec['kernel'], SamplingKernel>

/** What sharp says of an image that it was told to stop at. */
const STOPPED = /^timeout: /m

/** Runs a step of decoding. Throws the upload's ServiceError, or a DecodeFailure where it may not be the upload's fault. */
export async function decoding<T> (format: ImageFormat, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    const { message, name } = cause as Error
    const blame = blameOf(message)
    // What sharp rejects with is an Error and no more; anything else is a defect of this program, which the log is to show.
    if (name !== 'Error' && blame !== 'system') throw cause
    if (STOPPED.test(message)) throw tookTooLong(cause)
    throw blame === 'upload' ? undecodable(format, cause) : new DecodeFailure(format, blame, cause)
  }
}

/** Runs a step that is made of what was decoded already: only the system can let it fail, with a DecodeFailure. */
export async function drawing<T> (format: ImageFormat, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    throw new DecodeFailure(format, 'system', cause)
  }
}

function checkBytes (upload: Uint8Array, { maxImageBytes }: ImageLimits): void {
  if (upload.length <= maxImageBytes) return
  throw imageTooLarge(upload.length, maxImageBytes)
}

function checkPixels ({ width, height }: Metadata, { maxImagePixels }: ImageLimits): void {
  if (width * height <= maxImagePixels) return
  throw tooManyPixels(width, height, maxImagePixels)
}

/**
 * Begins to read an image whose header is known, so that its colours end as sRGB. To be called once. Rejects with a ServiceError
 * where the image has to be put right first, and cannot be.
 */
export async function openImage (image: Inspected, timeoutMs: number): Promise<Sharp> {
  const seconds = Math.ceil(timeoutMs / 1000)
  const { format, mending } = image
  if (mending === undefined) return begin(image, seconds)
  const mend = await decoding(format, mending.read(seconds))
  const bytes = await mend()
  const file = sharp(bytes, OPEN)
  return begin({ bytes, header: await decoding(format, file.metadata()), file }, seconds)
}

function begin ({ bytes, header, file }: Pick<Inspected, 'bytes' | 'header' | 'file'>, seconds: number): Sharp {
  const ignoreIcc = header.icc !== undefined && isSrgbProfile(header.icc)
  const image = ignoreIcc ? sharp(bytes, { ...OPEN, ignoreIcc }) : file
  // sharp converts 16 bit RGB with a profile to Display P3 and then calls the result sRGB, and grey of 16 bits not at all.
  if (header.space === 'rgb16' && header.hasProfile) image.pipelineColourspace('srgb')
  if (header.space === 'grey16' && header.hasProfile) image.pipelineColourspace('b-w')
  return image.timeout({ seconds })
}

/** Three bytes a pixel, upright, over white. */
export function asUprightRgb (image: Sharp): Sharp {
  return image.flatten({ background: 'white' }).autoOrient().raw({ depth: 'uchar' })
}

function pixelsOf (image: Sharp, plan: Plan, kernel: ResizingKernel): Sharp {
  if (plan.window) image.extract(plan.window)
  if (plan.resize) {
    image.resize({
      ...plan.resize,
      fit: 'fill',
      kernel,
      // Shrinks JPEG while decoding, but leaves a factor of two or more to the kernel, which makes the difference
      // to a full decode invisible.
      fastShrinkOnLoad: false
    })
  }
  if (plan.crop) image.extract(plan.crop)
  // Comes last: extract() after autoOrient() would rotate before resizing, without shrink-on-load. The order of
  // execution is the same either way: resize, orient, crop.
  return asUprightRgb(image)
}

/** An image of which the header was read. */
export interface Inspected {
  readonly format: ImageFormat
  /** The upload, or a copy that libvips takes. */
  readonly bytes: Uint8Array
  readonly header: Metadata
  /** The file as sharp has it, nothing of which is decoded. */
  readonly file: Sharp
  /** What has to be put right before. */
  readonly mending?: Mending | undefined
}

/**
 * Reads the header of an image file: JPEG, PNG, WebP, GIF, AVIF or TIFF.
 *
 * @throws ServiceError `no_image`, `image_too_large`, `unsupported_image_format`, `heic_not_supported`,
 * `image_too_many_pixels` or `undecodable_image`, in the order of what it costs to find out; or a DecodeFailure.
 */
export async function inspect (upload: Uint8Array, limits: ImageLimits): Promise<Inspected> {
  checkBytes(upload, limits)
  const format = sniffFormat(upload)
  const still = format === 'avif' ? stillAvif(upload) : upload
  const mending = mendingOf(format, still)
  const bytes = mending?.bytes ?? still
  const file = sharp(bytes, OPEN)
  const header = await decoding(format, file.metadata())
  if (header.compression === 'hevc') throw heic()
  checkPixels(header, limits)
  return { format, bytes, header, file, mending }
}

/**
 * Decodes an image to the pixels of the network's input: its first frame or page. The upload must not change until the promise is
 * settled.
 *
 * @param timeoutMs Time after which libvips is told to stop, which it does between pieces of the picture; counted in whole seconds.
 * @returns RGB bytes in sRGB, or grey ones, row by row, height x width x channels, upright, transparency over white; float32
 * with the rescaling that the input states, if it does. An image that already has the input's size is not resampled. Shrinking with the
 * linear kernel is Pillow's antialiased bilinear within two steps of 8 bits; enlarging places the image half an output pixel further
 * right and down, as libvips does.
 * @param crop The part that is taken for the whole image; all of it where it is left out.
 * @throws ServiceError `undecodable_image`, `decode_timeout` or `crop_outside_image`, or a DecodeFailure.
 */
export async function convert (image: Inspected, input: InputSpec, timeoutMs: number, crop?: Crop): Promise<Pixels> {
  const part = crop && partOf(image, crop)
  const opened = await openImage(image, timeoutMs)
  const { channels, kernel, rescaling } = input
  if (!isSampling(kernel)) return inChannels(await resized(opened, image, part, input, kernel), channels)
  const upright = await uprightOf(part === undefined ? opened : opened.extract(part), image)
  const plan = planGeometry(upright, false, input)
  if (rescaling === undefined) return inChannels(samplePicture(upright, plan, kernel), channels)
  return rescaled(sampleFloats({ ...upright, data: inChannels(upright.data, channels), channels }, plan, kernel), channels, rescaling)
}

/** The part of an image that a crop means, as it is stored. Throws a ServiceError `crop_outside_image`. */
export function partOf ({ header }: Inspected, crop: Crop): Box {
  return asStored(boxOf(crop, header.autoOrient), header, header.orientation)
}

function within (outer: Box, inner: Box = { ...outer, left: 0, top: 0 }): Box {
  return { ...inner, left: outer.left + inner.left, top: outer.top + inner.top }
}

function inChannels<T extends Uint8Array> (rgb: T, channels: 1 | 3): T | Uint8Array<ArrayBuffer> {
  return channels === 1 ? luma(rgb) : rgb
}

async function resized (
  opened: Sharp, { format, header }: Inspected, part: Box | undefined, input: InputSpec, kernel: ResizingKernel
): Promise<Uint8Array<ArrayBuffer>> {
  const quarterTurned = header.autoOrient.width !== header.width
  const plan = planGeometry(part ?? header, quarterTurned, input)
  const pipeline = pixelsOf(opened, part === undefined ? plan : { ...plan, window: within(part, plan.window) }, kernel)
  const { data, info } = await decoding(format, pipeline.toBuffer({ resolveWithObject: true }))
  const { height, width } = sidesOf(input)
  if (info.width !== width || info.height !== height || info.channels !== CHANNELS) throw undecodable(format)
  return new Uint8Array(data.buffer, data.byteOffset, data.length)
}

async function uprightOf (opened: Sharp, { format }: Inspected): Promise<Picture> {
  const { data, info } = await decoding(format, asUprightRgb(opened).toBuffer({ resolveWithObject: true }))
  if (info.channels !== CHANNELS) throw undecodable(format)
  return { data, width: info.width, height: info.height, channels: CHANNELS }
}
