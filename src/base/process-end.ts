/** The kernel kills, and V8 aborts, for want of memory. */
const OUT_OF_MEMORY: ReadonlyArray<NodeJS.Signals | null> = ['SIGKILL', 'SIGABRT']

/** How a child process ended, in words that follow its name: "ended with code 7", "was ended by SIGSEGV". */
export function describeEnd (code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === null) return `ended with code ${code}`
  return `was ended by ${signal}${OUT_OF_MEMORY.includes(signal) ? ' (as when memory runs out)' : ''}`
}
