import type { Readable } from 'node:stream'

/** So much without a line break is handed over as if one came. */
const LONGEST_LINE = 65_536

/** Hands over what a stream brings, line by line and without line breaks. */
export function eachLine (stream: Readable, onLine: (line: string) => void): void {
  let begun = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (begun + text).split(/\r?\n/)
    begun = lines.pop() ?? ''
    if (begun.length >= LONGEST_LINE) lines.push(begun.slice(0, LONGEST_LINE))
    if (begun.length >= LONGEST_LINE) begun = begun.slice(LONGEST_LINE)
    for (const line of lines) onLine(line)
  })
  stream.once('end', () => { if (begun !== '') onLine(begun) })
}
