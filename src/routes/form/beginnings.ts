/** Bytes that tell text from a picture. */
export const BEGINNING_BYTES = 64

const SPACE = 0x20
/** Tab, line feed, form feed, carriage return. In each format of pictures another control character comes early. */
const IN_TEXT = new Set([0x09, 0x0a, 0x0c, 0x0d])
const SVG = /^\s*<svg/i
const DATA_URL = /^\s*data(?::|%3a)(?:image|application\/octet-stream)/i
/** JPEG, PNG, GIF, WebP, TIFF, AVIF and HEIC. */
const BASE64 = /^\s*(?:\/9j\/|iVBORw0KGgo|R0lGODdh|R0lGODlh|UklGR|SUkqA|TU0AK|AAAA..Z0eXB)/

/** Whether a content begins like a text that is no picture either. */
export function isPlainText (content: Uint8Array): boolean {
  const beginning = content.subarray(0, BEGINNING_BYTES)
  return beginning.every((byte) => byte >= SPACE || IN_TEXT.has(byte)) && !SVG.test(Buffer.from(beginning).toString('latin1'))
}

/** Whether a text begins like a picture's file in base64 or as a data URL. */
export function isPictureInBase64 (text: Buffer): boolean {
  const beginning = text.toString('latin1', 0, BEGINNING_BYTES)
  return DATA_URL.test(beginning) || BASE64.test(beginning)
}
