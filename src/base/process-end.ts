interface Want {
  readonly words: string
  readonly remedy: string
}

/** The kernel kills for want of memory; V8 aborts for it, and Node and TensorFlow for want of threads. */
const WANTS: Readonly<Partial<Record<NodeJS.Signals, Want>>> = {
  SIGKILL: { words: 'memory runs', remedy: 'give this service more memory, or a smaller model' },
  SIGABRT: { words: 'memory or threads run', remedy: 'give this service more memory or a smaller model, or more processes and threads' }
}

/** How a child process ended, in words that follow its name: "ended with code 7", "was ended by SIGSEGV". */
export function describeEnd (code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === null) return `ended with code ${code}`
  const want = WANTS[signal]
  return `was ended by ${signal}${want === undefined ? '' : ` (as when ${want.words} out)`}`
}

/** A child process is gone that was not to go. */
export class ProcessGone extends Error {
  override readonly name = 'ProcessGone'
  /** What would mend it, in words, where that is known. */
  readonly remedy: string

  /** `process` names it: "the worker's process". */
  constructor (process: string, code: number | null, signal: NodeJS.Signals | null) {
    super(`${process} ${describeEnd(code, signal)}`)
    this.remedy = (signal === null ? undefined : WANTS[signal])?.remedy ?? 'standard error has what it said'
  }
}
