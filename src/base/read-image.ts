import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServiceError, SystemFailure } from './errors.js'
import { imageTooLarge, noFile, unreadableFile } from './sentences.js'

/** What the system says for reasons that are not the file's: no descriptors, no memory, a disk or a network volume that fails. */
const OF_THE_SYSTEM = new Set([
  'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN', 'EIO', 'ESTALE', 'ETIMEDOUT', 'ENOTCONN', 'EHOSTDOWN', 'EREMOTEIO'
])
const TRIES = 5
const FIRST_WAIT_MS = 100

/**
 * The bytes of an image file, or the ServiceError `no_image` or `image_too_large` that says why there are none. Throws a
 * SystemFailure if the system fails to read it, after some tries.
 */
export async function readImage (file: string, maxImageBytes: number): Promise<Uint8Array | ServiceError> {
  for (let tries = 1, waitMs = FIRST_WAIT_MS; ; tries++, waitMs *= 2) {
    try {
      const found = await stat(file)
      if (!found.isFile()) return noFile()
      return found.size > maxImageBytes ? imageTooLarge(found.size, maxImageBytes) : await readFile(file)
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      if (!OF_THE_SYSTEM.has(code)) return unreadableFile(error as Error)
      if (tries === TRIES) throw new SystemFailure(`The system fails to read ${file}: ${message}`, { cause: error })
    }
    await sleep(waitMs)
  }
}
