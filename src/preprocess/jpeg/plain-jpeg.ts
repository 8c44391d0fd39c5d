import type { Size } from '../geometry.js'
import { isSrgbProfile } from '../icc.js'

/**
 * Looks through the segments of a JPEG (ITU-T T.81, annex B) up to its scan, for those of which nothing has to be known but the size.
 * Whatever is not as usual is left to libvips.
 */

const MARKER = 0xff
const SOF0 = 0xc0
const SOF1 = 0xc1
const DHT = 0xc4
const SOI = 0xd8
const SOS = 0xda
const DQT = 0xdb
const DRI = 0xdd
const APP0 = 0xe0
const APP1 = 0xe1
const APP2 = 0xe2
const APP15 = 0xef
const COM = 0xfe

const COMPONENTS = 3
/** Type SHORT, one value, and that is 1: as it is stored. */
const UPRIGHT = { MM: '0112000300000001' + '0001', II: '1201030001000000' + '0100' }
const TAG_DIGITS = 4
const EXIF = Buffer.from('Exif\0\0', 'latin1')
const ICC = Buffer.from('ICC_PROFILE\0', 'latin1')

/**
 * The size of a JPEG of one baseline scan of three components in 8 bits, upright as it is stored, in sRGB by its profile or for lack
 * of one; undefined for any other file, and for damaged ones.
 */
export function plainJpegSize (file: Uint8Array): Size | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  if (bytes.length < 4 || bytes[0] !== MARKER || bytes[1] !== SOI) return undefined
  const found = new Segments()
  for (let at = 2; at + 4 <= bytes.length;) {
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    const marker = bytes[at + 1] ?? 0
    if (bytes[at] !== MARKER || end < at + 4 || end > bytes.length) return undefined
    const content = bytes.subarray(at + 4, end)
    if (marker === SOS) return content[0] === COMPONENTS ? found.size : undefined
    if (!found.take(marker, content)) return undefined
    at = end
  }
  return undefined
}

class Segments {
  size: Size | undefined
  private hasExif = false
  private hasProfile = false

  /** Whether the file is still a plain one. */
  take (marker: number, content: Buffer): boolean {
    switch (marker) {
      case SOF0: case SOF1: return this.takeFrame(content)
      case APP1: return !startsWith(content, EXIF) || this.takeExif(content.subarray(EXIF.length))
      case APP2: return !startsWith(content, ICC) || this.takeProfile(content.subarray(ICC.length))
      case DHT: case DQT: case DRI: case COM: return true
      default: return marker >= APP0 && marker <= APP15
    }
  }

  private takeFrame (content: Buffer): boolean {
    if (this.size !== undefined || content.length !== 6 + 3 * COMPONENTS || content[0] !== 8 || content[5] !== COMPONENTS) return false
    this.size = { height: content.readUInt16BE(1), width: content.readUInt16BE(3) }
    return this.size.height > 0 && this.size.width > 0
  }

  /** The tag of the orientation is looked for in all of it, so that it does not matter where readers of Exif find it. */
  private takeExif (content: Buffer): boolean {
    const order = content.toString('latin1', 0, 2)
    if (this.hasExif || (order !== 'MM' && order !== 'II')) return false
    this.hasExif = true
    const upright = Buffer.from(UPRIGHT[order], 'hex')
    const tag = upright.subarray(0, TAG_DIGITS / 2)
    const at = content.indexOf(tag)
    return at < 0 || (startsWith(content.subarray(at), upright) && content.indexOf(tag, at + 1) < 0)
  }

  /** Of one segment, as those of sRGB are: its number, how many there are, and the profile. */
  private takeProfile (content: Buffer): boolean {
    if (this.hasProfile || content[0] !== 1 || content[1] !== 1) return false
    this.hasProfile = true
    return isSrgbProfile(content.subarray(2))
  }
}

function startsWith (bytes: Buffer, beginning: Buffer): boolean {
  return bytes.subarray(0, beginning.length).equals(beginning)
}
