/** Tells the person, on standard error, what is going on. */
export function say (sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
