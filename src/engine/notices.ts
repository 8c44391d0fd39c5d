import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { writeStandardError } from '../base/standard-error.js'

/** What TensorFlow says at each start, whatever its log level, about itself and not about the models. */
const NOTICE = /^(?:I\d{4} |WARNING: All log messages before absl::InitializeLog\(\))/

/**
 * Passes on what a child process writes to its standard output and error, where these are pipes, to this process's standard
 * error, line by line, without TensorFlow's notices. The child itself never waits for whoever reads that. `onLine` is told of
 * each line.
 */
export function passOnWithoutNotices (
  { stdout, stderr }: Pick<ChildProcess, 'stdout' | 'stderr'>, onLine: (line: string) => void = () => {}
): void {
  for (const output of [stdout, stderr]) {
    if (output === null) continue
    createInterface({ input: output }).on('line', (line) => {
      if (NOTICE.test(line)) return
      onLine(line)
      writeStandardError(`${line}\n`)
    })
  }
}
