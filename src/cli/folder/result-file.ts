import { constants } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { OperatorError } from '../../base/errors.js'
import { LockError, takeLock } from '../../base/lock.js'
import { unreadable } from '../../base/existing.js'
import { OutputError } from '../output-error.js'
import { readEarlierResults, type EarlierResults, type RunDescription } from './earlier-results.js'

/** The lock of a process that is gone is free before. */
const LOCK_PATIENCE_MS = 11_000

export interface ResultFileOptions {
  readonly run: RunDescription
  /** Called once if somebody else has the file, or had it until moments ago. */
  readonly onWait: () => void
  /** Called if the lock was lost: another process may write now. */
  readonly onLost: (error: OutputError) => void
}

/**
 * An output that lines are appended to, and that a later run goes on with. One process has it at a time; each line is handed to
 * the system at once, so that a crash loses the last one at most.
 */
export class ResultFile {
  private waiting = ''
  private writing: Promise<void> | undefined

  private constructor (
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly unlock: () => Promise<void>,
    readonly earlier: EarlierResults,
    private end: number
  ) {}

  /**
   * Opens an output, new or not, and takes a line that was cut off away. Throws an OperatorError if it cannot be written, if
   * another process writes it, or if it belongs to another run.
   */
  static async open (path: string, options: ResultFileOptions): Promise<ResultFile> {
    const handle = await openOutput(path)
    try {
      if (!(await handle.stat()).isFile()) throw new OperatorError(`${path} is not a file: name one that results can be appended to.`)
      const unlock = await lockOutput(path, options)
      try {
        const earlier = await readEarlierResults(handle, options.run).catch((error: Error) => {
          if (!(error instanceof OperatorError)) throw unreadable(path, error)
          throw new OperatorError(`${path} ${error.message}: name another output, or move this one away.`, { cause: error })
        })
        await handle.truncate(earlier.end)
        return new ResultFile(path, handle, unlock, earlier, earlier.end)
      } catch (error) {
        await unlock()
        throw error
      }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Writes a line, together with others that wait. Rejects with an OutputError, and takes what was written of it back. */
  append (line: string): Promise<void> {
    this.waiting += line
    this.writing ??= this.writeAll()
    return this.writing
  }

  /** Rejects with an OutputError if the system only now says that it could not write. */
  async close (): Promise<void> {
    try {
      await this.handle.datasync()
    } catch (error) {
      throw this.failed(error as NodeJS.ErrnoException)
    } finally {
      await this.handle.close()
      await this.unlock()
    }
  }

  private async writeAll (): Promise<void> {
    try {
      while (this.waiting !== '') {
        const bytes = Buffer.from(this.waiting)
        this.waiting = ''
        await this.write(bytes)
        this.end += bytes.length
      }
    } catch (error) {
      await this.handle.truncate(this.end)
      throw this.failed(error as NodeJS.ErrnoException)
    } finally {
      // Not a moment later: a line that comes in between would wait for ever.
      this.writing = undefined
    }
  }

  private async write (bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, written, bytes.length - written, this.end + written)
      written += bytesWritten
    }
  }

  private failed (cause: NodeJS.ErrnoException): OutputError {
    const detail = `${this.path} cannot be written: ${cause.message}.`
    return new OutputError(`${detail} What it holds is whole: make room and run the command again to go on.`, { cause })
  }
}

async function openOutput (path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT)
  } catch (error) {
    throw new OperatorError(`${path} cannot be opened for writing: ${(error as Error).message}`, { cause: error })
  }
}

/** A process that was killed leaves its lock, which is stale after some seconds. */
async function lockOutput (path: string, { onWait, onLost }: ResultFileOptions): Promise<() => Promise<void>> {
  let isTold = false
  try {
    // A file has one lock, by whichever link it is named.
    return await takeLock(await realpath(path), {
      onWait: () => {
        if (!isTold) onWait()
        isTold = true
      },
      onLost: (cause) => {
        onLost(new OutputError(`The lock of ${path} was lost, and another process may write it now: ${cause.message}.`, { cause }))
      },
      patienceMs: LOCK_PATIENCE_MS
    })
  } catch (error) {
    if (!(error instanceof LockError)) throw error
    const isHeld = error.code === 'ELOCKED'
    throw new OperatorError(isHeld ? `${path} is being written by another process.` : error.message, { cause: error })
  }
}
