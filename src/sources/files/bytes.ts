import { open, type FileHandle } from 'node:fs/promises'
import { judged } from '../../base/content.js'
import { OperatorError } from '../../base/errors.js'

/** Reads exactly `length` bytes into memory of their own; an OperatorError if the file ends before. */
export async function readRange (file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  await fill(file, position, bytes)
  return bytes
}

/** Fills `bytes` from `position` on; an OperatorError if the file ends before. */
export async function fill (file: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done)
    if (bytesRead === 0) throw new OperatorError(`it ends ${bytes.length - done} bytes early`)
    done += bytesRead
  }
}

/** Opens a file for as long as `use` takes. */
export async function withFile<T> (path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Parses JSON in strict UTF-8; a byte order mark is skipped. Throws an OperatorError if it is none. */
export function parseJson (bytes: Uint8Array): unknown {
  return judged(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown)
}
