import { LineOutput, nonBlocking } from './line-output.js'

const lostLine = (lines: number, reason: string): string => `${lines} lines were lost (${reason})\n`

let output: LineOutput | undefined
let onLost = (): void => {}

/** Opens standard error, so that nothing that is written there holds up this process; `listener` is told of each line that is lost. */
export function openStandardError (listener: () => void): void {
  onLost = listener
  output ??= new LineOutput(nonBlocking('stderr'), { lostLine, onLost: () => { onLost() } })
}

/** Writes a line, which ends with a line break, to standard error; it is lost where that takes nothing. */
export function writeStandardError (line: string): void {
  if (output === undefined) openStandardError(onLost)
  output?.write(line)
}
