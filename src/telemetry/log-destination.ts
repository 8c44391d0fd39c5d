import pretty from 'pino-pretty'
import { LineOutput, nonBlocking } from '../base/line-output.js'

const LEVEL_WARN = 40

/** Where pino writes its lines. */
export interface LogDestination {
  write (line: string): void
}

/** Standard output, for people where it is a terminal. `onLost` is told of each line that cannot be written. */
export function createLogDestination (onLost: () => void): LogDestination {
  const shown = process.stdout.isTTY ? pretty.prettyFactory({ ignore: 'pid,hostname' }) : (line: string) => line
  const lostLine = (lines: number, reason: string): string => (
    shown(`${JSON.stringify({ level: LEVEL_WARN, time: Date.now(), pid: process.pid, lines, reason, msg: 'log lines were lost' })}\n`)
  )
  const output = new LineOutput(nonBlocking('stdout'), { lostLine, onLost })
  return { write: (line) => { output.write(shown(line)) } }
}
