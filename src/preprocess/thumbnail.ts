import { asUprightRgb, decoding, openImage, type Inspected } from './pixels.js'

const QUALITY = 75

/**
 * A picture as a small JPEG file, upright, at most `side` pixels wide and high, no larger than it is. Throws a ServiceError
 * `undecodable_image` or `decode_timeout`.
 */
export async function thumbnail (upload: Uint8Array, image: Inspected, side: number, timeoutMs: number): Promise<Uint8Array> {
  const { format, header } = image
  const small = openImage(upload, image, timeoutMs).resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
  return await decoding(format, asUprightRgb(small, header).jpeg({ quality: QUALITY }).toBuffer())
}
