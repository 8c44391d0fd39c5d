import { OperatorError, SystemFailure } from '../errors.js'
import { beginApart } from './begin.js'
import { BEGUN, END, type Call, type Outcome, type SentError } from './messages.js'

/* The program of `ModuleApart`: runs the functions of the module that it is given as its argument, one after the other. */

type Functions = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

async function outcomeOf ({ name, args }: Call): Promise<Outcome> {
  try {
    return { value: await (await functions)[name]?.(...args) }
  } catch (error) {
    return { error: sentOf(error as NodeJS.ErrnoException) }
  }
}

function sentOf (error: NodeJS.ErrnoException): SentError {
  const kind = error instanceof SystemFailure ? 'system' : error instanceof OperatorError ? 'operator' : 'defect'
  const { message, stack, code, syscall, path } = error
  return { kind, message, stack, refused: JSON.parse(JSON.stringify({ code, syscall, path })) as SentError['refused'] }
}

/** Whether it arrives shows in whether the parent is there. */
function send (what: unknown): void {
  process.send?.(what, () => {})
}

async function answer (call: Call): Promise<void> {
  const outcome = await outcomeOf(call)
  send(outcome)
}

beginApart()
send(BEGUN)
process.once('disconnect', () => { process.exit(1) })
const [file = ''] = process.argv.slice(2)
const functions = import(file) as Promise<Functions>
let last: Promise<unknown> = functions
process.on('message', (message: Call | typeof END) => {
  if (message === END) process.exit(0)
  last = last.then(() => answer(message))
})
