import { writeSync } from 'node:fs'

const LEVEL_WARN = 40
/** Tries of a pipe that takes nothing at the moment, and the wait before each. */
const MAX_TRIES = 100
const WAIT_MS = 1

/** Where pino writes its lines. */
export interface LogDestination {
  write (line: string): void
}

/**
 * Writes each line at once, so that the last ones before a crash are there. A line that cannot be written (the disk is full, the
 * reader has gone) is lost and the service goes on; `onLost` is told of each, and a line that counts them comes before the next
 * one that can be written.
 */
export function createLogDestination (fd: number, onLost: () => void): LogDestination {
  let lost = 0
  let reason = ''
  return {
    write: (line) => {
      try {
        if (lost > 0) writeWhole(fd, lostLine(lost, reason))
        lost = 0
        writeWhole(fd, line)
      } catch (error) {
        lost++
        reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
        onLost()
      }
    }
  }
}

function lostLine (lines: number, reason: string): string {
  return `${JSON.stringify({ level: LEVEL_WARN, time: Date.now(), pid: process.pid, lines, reason, msg: 'log lines were lost' })}\n`
}

function writeWhole (fd: number, line: string): void {
  let rest = Buffer.from(line)
  for (let tries = 0; rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++tries === MAX_TRIES) throw error
      pause()
    }
  }
}

function pause (): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS)
}
