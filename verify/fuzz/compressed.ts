import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import type { Draw } from './draw.js'
import { mutate } from './mutate.js'
import type { TypedBody } from './typed-body.js'

type Compress = (bytes: Buffer) => Buffer

const QUICK = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }
const ENCODINGS: ReadonlyArray<readonly [string, Compress]> = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['br', (bytes) => brotliCompressSync(bytes, QUICK)],
  ['deflate, gzip', (bytes) => gzipSync(deflateSync(bytes))],
  ...['gzip', 'br', 'zstd', 'compress'].map((name) => [name, (bytes: Buffer) => bytes] as const)
]

/** Now and then the same with a content encoding, which may be broken. */
export function compressed (body: TypedBody, draw: Draw): TypedBody {
  if (!draw.once(5)) return body
  const [encoding, compress] = draw.oneOf(...ENCODINGS)
  const bytes = compress(body.bytes)
  return { ...body, headers: [...body.headers ?? [], ['content-encoding', encoding]], bytes: draw.once(2) ? mutate(bytes, draw) : bytes }
}
