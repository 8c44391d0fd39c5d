import * as zlib from 'node:zlib'
import type { ServiceError } from '../base/errors.js'
import { unsupportedEncoding } from '../base/sentences.js'

/** Node has these from 22.15 on. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: { params: Record<number, number> }) => Inflater }
const { ZSTD_d_windowLogMax: ZSTD_WINDOW } = zlib.constants as { ZSTD_d_windowLogMax?: number }
/** What RFC 9659 allows for HTTP; the format itself allows far more. */
const ZSTD_WINDOW_LOG = 23
/** Low four bits of zlib's first byte (RFC 1950). Deflate data by itself does not begin so. */
const ZLIB_METHOD = 8
/** Each may make a thousand bytes of one. */
const MOST_ENCODINGS = 3

/** What undoes an encoding. */
export type Inflater = zlib.Gunzip | zlib.Inflate | zlib.InflateRaw | zlib.BrotliDecompress

/** How one content encoding is undone. */
export interface ContentEncoding {
  /** Most that it keeps of what it has made, in bytes. */
  readonly windowBytes: number
  /** `first`: the body's first byte. */
  readonly inflater: (first: number | undefined) => Inflater
  /** Whether Node reports neither data that is cut off nor data behind the end. */
  readonly isSilent?: boolean
}

const GZIP: ContentEncoding = { windowBytes: 2 ** 15, inflater: () => zlib.createGunzip() }
const ENCODINGS = new Map<string, ContentEncoding>([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  // The standard means zlib's format, and some senders do not.
  ['deflate', {
    windowBytes: 2 ** 15,
    inflater: (first = ZLIB_METHOD) => (first & 0xf) === ZLIB_METHOD ? zlib.createInflate() : zlib.createInflateRaw()
  }],
  ['br', { windowBytes: 2 ** zlib.constants.BROTLI_MAX_WINDOW_BITS, inflater: () => zlib.createBrotliDecompress() }]
])
if (createZstdDecompress !== undefined && ZSTD_WINDOW !== undefined) {
  const params = { [ZSTD_WINDOW]: ZSTD_WINDOW_LOG }
  ENCODINGS.set('zstd', { isSilent: true, windowBytes: 2 ** ZSTD_WINDOW_LOG, inflater: () => createZstdDecompress({ params }) })
}

/**
 * The encodings that a Content-Encoding names (RFC 9110, section 8.4), in the order in which they were applied. Throws a
 * ServiceError `unsupported_content_encoding`.
 */
export function contentEncodings (header = ''): ContentEncoding[] {
  const names = header.split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '' && name !== 'identity')
  const encodings = names.flatMap((name) => ENCODINGS.get(name) ?? [])
  if (encodings.length === names.length && names.length <= MOST_ENCODINGS) return encodings
  throw unknownEncoding()
}

/** What encodings are refused with that are not known here. */
export function unknownEncoding (): ServiceError {
  return unsupportedEncoding([...ENCODINGS.keys()].filter((name) => name !== 'x-gzip'), MOST_ENCODINGS)
}
