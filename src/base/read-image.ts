import { readFile, stat } from 'node:fs/promises'
import { ServiceError } from './errors.js'

/** The bytes of an image file, or the ServiceError `no_image` or `image_too_large` that says why there are none. */
export async function readImage (file: string, maxImageBytes: number): Promise<Uint8Array | ServiceError> {
  try {
    const found = await stat(file)
    if (!found.isFile()) return new ServiceError('no_image', 'This is not a file.')
    return found.size > maxImageBytes ? imageTooLarge(found.size, maxImageBytes) : await readFile(file)
  } catch (error) {
    return new ServiceError('no_image', `The file cannot be read: ${(error as Error).message}.`)
  }
}

export function imageTooLarge (bytes: number, maxImageBytes: number): ServiceError {
  return new ServiceError('image_too_large', `The image has ${bytes} bytes; at most ${maxImageBytes} are accepted.`)
}
