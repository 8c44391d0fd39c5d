import { createHash } from 'node:crypto'
import { ServiceError } from '../../base/errors.js'
import { inOrder } from '../../base/in-order.js'
import type { PictureFile } from './picture-source.js'
import type { Sample, Unreadable } from './types.js'

export interface SurveyOptions {
  /** Says what a picture shows, as the decoder's `fingerprint`; rejects with a ServiceError where it cannot be decoded. */
  readonly fingerprint: (file: Uint8Array) => Promise<string>
  /** Pictures that are read and decoded at the same time. */
  readonly concurrency: number
  /** Told before the first picture how many there are. */
  readonly onFound?: ((pictures: number) => void) | undefined
  /** Told of each picture that was looked at. */
  readonly onSurveyed?: ((isReadable: boolean) => void) | undefined
}

/** What is known of a picture once it was decoded. */
export type Surveyed = Pick<Sample, 'path' | 'hash' | 'pixelsHash' | 'read'>

/** Reads and decodes every picture once. */
export async function survey (
  pictures: readonly PictureFile[], { fingerprint, concurrency, onFound, onSurveyed }: SurveyOptions
): Promise<{ readable: Surveyed[], unreadable: Unreadable[] }> {
  const readable: Surveyed[] = []
  const unreadable: Unreadable[] = []
  onFound?.(pictures.length)
  for await (const one of inOrder(pictures, concurrency, (picture) => lookAt(picture, fingerprint))) {
    if ('error' in one) unreadable.push(one)
    else readable.push(one)
    onSurveyed?.(!('error' in one))
  }
  return { readable, unreadable }
}

async function lookAt ({ path, read }: PictureFile, fingerprint: SurveyOptions['fingerprint']): Promise<Surveyed | Unreadable> {
  const file = await read()
  if (file instanceof ServiceError) return { path, error: file }
  try {
    const pixelsHash = await fingerprint(file)
    return { path, hash: createHash('sha256').update(file).digest('hex'), pixelsHash, read: () => readOrThrow(read) }
  } catch (error) {
    if (error instanceof ServiceError) return { path, error }
    throw error
  }
}

async function readOrThrow (read: PictureFile['read']): Promise<Uint8Array> {
  const file = await read()
  if (file instanceof ServiceError) throw file
  return file
}
