import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** What TensorFlow says at each start, whatever its log level, about itself and not about the models. */
const NOTICE = /^(?:I\d{4} |WARNING: All log messages before absl::InitializeLog\(\))/

/** Passes on what a child process writes to its standard error, line by line, without TensorFlow's notices. */
export function passOnWithoutNotices (stderr: Readable): void {
  createInterface({ input: stderr }).on('line', (line) => {
    if (!NOTICE.test(line)) process.stderr.write(`${line}\n`)
  })
}
