import { Failure } from './failure.js'
import { megabytes } from './numbers.js'

const HEAD_BYTES = 32
/** The brands of HEIF files whose pictures are coded as HEVC, which the service has no decoder for. */
const HEIC_BRAND = /^ftyp(?:hei[cmsx]|hev[cmsx])/

/** Refuses what need not be sent to learn that it is not taken. Throws a Failure. */
export async function checkBeforeSending (file: File, maxBytes: number): Promise<void> {
  if (file.type.startsWith('text/')) throw new Failure('unsupported_image_format', `It is ${file.type}.`)
  // Reading tells a folder from a file: their names and types do not.
  const head = await file.slice(0, HEAD_BYTES).arrayBuffer().catch((error: unknown) => {
    throw new Failure('unreadable_file', String(error))
  })
  if (head.byteLength === 0) throw new Failure('empty_file', 'It has no bytes.')
  if (HEIC_BRAND.test(new TextDecoder('latin1').decode(head.slice(4)))) throw new Failure('heic_not_supported', 'It is HEIC.')
  if (file.size > maxBytes) {
    throw new Failure('image_too_large', `It has ${megabytes(file.size)}, and the service takes ${megabytes(maxBytes)} at most.`)
  }
}
