import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { reading } from './existing.js'

const CHUNK_BYTES = 1024 * 1024

/** SHA-256 of files, one after the other, hexadecimal, read in pieces. Throws an UnreadableError. */
export async function hashFiles (paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    await reading(path, async () => {
      for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk as Buffer)
    })
  }
  return hash.digest('hex')
}

/** SHA-256 of a file, as `hashFiles`. */
export async function hashFile (path: string): Promise<string> {
  return await hashFiles([path])
}
