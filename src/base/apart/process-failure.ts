import { SystemFailure } from '../errors.js'

/** What to do where no thread can be started. */
export const MORE_THREADS = 'raise the limit on processes and threads (pids.max of the control group, ulimit -u)'

/** The ways of a process that runs something apart to fail. */
export type Fate =
  /** The system did not start it. */
  | 'not started'
  /** Its program did not begin in time. */
  | 'not begun'
  /** It could start no more threads. */
  | 'out of threads'
  /** It did not answer in time. */
  | 'late'
  /** What it sent is no answer. */
  | 'unintelligible'
  /** A signal ended it, as the kernel's where memory runs out. */
  | 'killed'
  /** It ended by itself. */
  | 'ended'

/** A process that runs something apart is gone, or is none any more that can be asked; the message says how, and what mends it. */
export class ProcessFailure extends SystemFailure {
  override readonly name = 'ProcessFailure'

  /** `what` names the process and says what became of it; `remedy` says what would mend it, where that is known. */
  constructor (readonly fate: Fate, private readonly what: string, private readonly remedy?: string, options?: ErrorOptions) {
    super(remedy === undefined ? what : `${what}: ${remedy}`, options)
  }

  /** The same as a part of a longer sentence; `meanwhile` says of one that ended what it was at: "before it was done". */
  within (sentence: string, meanwhile: string): ProcessFailure {
    const behind = this.fate === 'killed' || this.fate === 'ended' ? ` ${meanwhile}` : ''
    return new ProcessFailure(this.fate, `${sentence}${this.what}${behind}`, this.remedy, { cause: this })
  }
}

interface Want {
  readonly words: string
  readonly remedy: string
}

/** The kernel kills for want of memory; V8 aborts for it, and Node and TensorFlow for want of threads. */
const WANTS: Readonly<Partial<Record<NodeJS.Signals, Want>>> = {
  SIGKILL: { words: 'memory runs', remedy: 'give this service more memory, or a smaller model' },
  SIGABRT: { words: 'memory or threads run', remedy: 'give this service more memory or a smaller model, or more processes and threads' }
}

const READ_ON = 'standard error has what it said'

/** How the process of that name ended: "ended with code 7", "was ended by SIGSEGV". */
export function endOf (name: string, code: number | null, signal: NodeJS.Signals | null): ProcessFailure {
  if (signal === null) return new ProcessFailure('ended', `${name} ended with code ${code}`, READ_ON)
  const want = WANTS[signal]
  const how = want === undefined ? '' : ` (as when ${want.words} out)`
  return new ProcessFailure('killed', `${name} was ended by ${signal}${how}`, want?.remedy ?? READ_ON)
}

const REMEDIES: Readonly<Record<string, string>> = {
  EAGAIN: MORE_THREADS, ENOMEM: 'raise the limit on memory', EMFILE: 'raise the limit on open files (ulimit -n)'
}

/** What became of a process that the system did not start. */
export function notStarted (name: string, error: NodeJS.ErrnoException): ProcessFailure {
  const { code = error.message } = error
  return new ProcessFailure('not started', `${name} cannot be started (${code})`, REMEDIES[code], { cause: error })
}
