import { constants, openSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

/** The wait between two tries of an output that takes nothing at the moment. */
const WAIT_MS = 1
/** Time that a slow reader may hold up the event loop: so much at once, and then so much of the time that passes. */
const MOST_WAITED_MS = 100
const SHARE_WAITED = 0.01
const NOTHING = Buffer.alloc(0)
/** What says of an output that its reader stands still. */
const FULL = 'EAGAIN'

export interface LineOutputOptions {
  /** The line that says that so many were lost, and the system's reason; it comes before the next one that can be written. */
  readonly lostLine: (lines: number, reason: string) => string
  /** Told of each line that is lost. */
  readonly onLost: () => void
}

/**
 * Writes each line at once, so that the last ones before a crash are there, and waits for nobody: a line that cannot be written
 * (the disk is full, the reader has gone or stands still) is lost, and the process goes on. A reader that is merely slow is
 * waited for, a hundredth of the time at most; once a line was lost, each is tried once.
 */
export class LineOutput {
  private lost = 0
  private reason = ''
  /** What the output had no room for of the line before; a line that was begun is ended before another one begins. */
  private rest: Uint8Array = NOTHING
  private patienceMs = MOST_WAITED_MS
  private patienceAt = performance.now()

  constructor (private readonly fd: number, private readonly options: LineOutputOptions) {}

  /** `line` ends with a line break. */
  write (line: string): void {
    try {
      this.writeRest()
      if (this.lost > 0) this.begin(this.options.lostLine(this.lost, this.reason))
      this.begin(line)
    } catch (error) {
      this.lost++
      this.reason = codeOf(error)
      this.options.onLost()
    }
  }

  /** Throws if nothing of it can be written, or the line before it is not whole yet. */
  private begin (line: string): void {
    this.writeRest()
    const bytes = Buffer.from(line)
    this.rest = bytes.subarray(this.writeSome(bytes))
    this.lost = 0
    try {
      this.writeRest()
    } catch (error) {
      if (codeOf(error) !== FULL) throw error
    }
  }

  private writeRest (): void {
    while (this.rest.length > 0) this.rest = this.rest.subarray(this.writeSome(this.rest))
  }

  private writeSome (bytes: Uint8Array): number {
    for (;;) {
      try {
        return writeSync(this.fd, bytes)
      } catch (error) {
        if (codeOf(error) !== FULL || this.lost > 0 || !this.wait()) throw error
      }
    }
  }

  /** Returns false, at once, where there was enough of it. */
  private wait (): boolean {
    const now = performance.now()
    this.patienceMs = Math.min(MOST_WAITED_MS, this.patienceMs + (now - this.patienceAt) * SHARE_WAITED)
    this.patienceAt = now
    if (this.patienceMs < WAIT_MS) return false
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS)
    this.patienceAt = performance.now()
    this.patienceMs -= this.patienceAt - now
    return true
  }
}

/**
 * A descriptor of the process's standard output or error that takes what it has room for and never waits for its reader,
 * unless the system has no such one.
 */
export function nonBlocking (stream: 'stdout' | 'stderr'): number {
  // Node, which opens them when they are first asked for, makes pipes and sockets such that they do not wait.
  const { fd } = process[stream]
  if (!isatty(fd)) return fd
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    // As where the terminal belongs to another user: then it is written to as it is.
    return fd
  }
}

function codeOf (error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
