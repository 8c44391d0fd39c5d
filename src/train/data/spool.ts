import { randomUUID } from 'node:crypto'
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../../base/errors.js'

/** The folder does not keep what is to be kept for the moment. */
export class SpoolError extends OperatorError {
  override readonly name = 'SpoolError'
}

/** Pictures one after the other in a file that has no name any more: it goes with the process, however that ends. */
export class Spool {
  private end = 0

  private constructor (private readonly handle: FileHandle, private readonly folder: string) {}

  /** Throws a SpoolError if the folder takes no file. */
  static async open (folder: string): Promise<Spool> {
    try {
      await mkdir(folder, { recursive: true })
      const path = join(folder, `${randomUUID()}.partial`)
      const handle = await open(path, 'wx+', 0o600)
      await rm(path)
      return new Spool(handle, folder)
    } catch (cause) {
      throw unwritable(folder, cause as Error)
    }
  }

  /** Keeps a file; what it returns reads it again. Throws a SpoolError if there is no room for it. */
  async add (pieces: readonly Uint8Array[]): Promise<() => Promise<Uint8Array>> {
    const start = this.end
    for (const piece of pieces) await this.write(piece)
    const length = this.end - start
    return async () => await this.readAt(start, length)
  }

  async close (): Promise<void> {
    await this.handle.close()
  }

  private async write (piece: Uint8Array): Promise<void> {
    for (let written = 0; written < piece.length;) {
      try {
        written += (await this.handle.write(piece, written, piece.length - written, this.end + written)).bytesWritten
      } catch (cause) {
        throw unwritable(this.folder, cause as Error)
      }
    }
    this.end += piece.length
  }

  private async readAt (start: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    for (let read = 0; read < length;) {
      const { bytesRead } = await this.handle.read(bytes, read, length - read, start + read)
      if (bytesRead === 0) throw new OperatorError('its copy is cut short')
      read += bytesRead
    }
    return bytes
  }
}

function unwritable (folder: string, cause: Error): SpoolError {
  return new SpoolError(`MODEL_CACHE_DIR: ${folder} cannot keep the archive's pictures: ${cause.message}.`, { cause })
}
