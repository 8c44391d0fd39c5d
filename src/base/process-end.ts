/** The kernel kills, and V8 aborts, for want of memory. */
const OUT_OF_MEMORY: ReadonlyArray<NodeJS.Signals | null> = ['SIGKILL', 'SIGABRT']

/** How a child process ended, in words that follow its name: "ended with code 7", "was ended by SIGSEGV". */
export function describeEnd (code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === null) return `ended with code ${code}`
  return `was ended by ${signal}${OUT_OF_MEMORY.includes(signal) ? ' (as when memory runs out)' : ''}`
}

/** A child process is gone that was not to go. */
export class ProcessGone extends Error {
  override readonly name = 'ProcessGone'
  /** What would mend it, in words, where that is known. */
  readonly remedy: string

  /** `process` names it: "the worker's process". */
  constructor (process: string, code: number | null, signal: NodeJS.Signals | null) {
    super(`${process} ${describeEnd(code, signal)}`)
    this.remedy = OUT_OF_MEMORY.includes(signal) ? 'give this service more memory, or a smaller model' : 'standard error has what it said'
  }
}
