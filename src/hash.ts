import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

const CHUNK_BYTES = 1024 * 1024

/** SHA-256 of a file, hexadecimal, read in pieces. */
export async function hashFile (path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), hash)
  return hash.digest('hex')
}
