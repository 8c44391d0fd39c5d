import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { OutputError } from '../output-error.js'

/** A file that appears under its name when it is whole. Its methods reject with an OutputError. */
export class OutputFile {
  private constructor (private readonly path: string, private readonly handle: FileHandle) {}

  static async open (path: string): Promise<OutputFile> {
    return new OutputFile(path, await writing(path, open(partial(path), 'w')))
  }

  async write (data: string | Uint8Array): Promise<void> {
    await writing(this.path, this.handle.appendFile(data))
  }

  /** Writes over what the file begins with. */
  async overwriteStart (data: Uint8Array): Promise<void> {
    await writing(this.path, this.handle.write(data, 0, data.length, 0))
  }

  async finish (): Promise<void> {
    await writing(this.path, this.handle.datasync())
    await this.handle.close()
    await writing(this.path, rename(partial(this.path), this.path))
  }

  async abandon (): Promise<void> {
    await this.handle.close()
    await rm(partial(this.path), { force: true })
  }
}

function partial (path: string): string {
  return `${path}.partial`
}

async function writing<T> (path: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    throw OutputError.of(path, cause)
  }
}
