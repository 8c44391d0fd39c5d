import { createHash } from 'node:crypto'
import { asUprightRgb, decoding, openImage, type Inspected } from './pixels.js'

/** Three bytes as libvips has them upright, and the same again as they are handed over. */
export const FINGERPRINT_PIXEL_BYTES = 6

/**
 * A name for what a picture shows, whatever its format and orientation: the SHA-256 of its size and of all its pixels in sRGB,
 * upright, transparency over white; hexadecimal. Decodes all of it. Throws a ServiceError `undecodable_image` or `decode_timeout`, or a
 * DecodeFailure.
 */
export async function fingerprint (image: Inspected, timeoutMs: number): Promise<string> {
  const upright = asUprightRgb(await openImage(image, timeoutMs))
  const { data, info } = await decoding(image.format, upright.toBuffer({ resolveWithObject: true }))
  return createHash('sha256').update(`${info.width}x${info.height}x${info.channels}\n`).update(data).digest('hex')
}
