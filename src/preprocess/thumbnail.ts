import { asUprightRgb, decoding, openImage, type Inspected } from './pixels.js'

const QUALITY = 75

/**
 * A picture as a small JPEG file, upright, at most `side` pixels wide and high, no larger than it is. Throws a ServiceError
 * `undecodable_image` or `decode_timeout`, or a DecodeFailure.
 */
export async function thumbnail (image: Inspected, side: number, timeoutMs: number): Promise<Uint8Array> {
  const opened = await openImage(image, timeoutMs)
  const small = opened.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
  return await decoding(image.format, asUprightRgb(small).jpeg({ quality: QUALITY }).toBuffer())
}
