import { fileURLToPath } from 'node:url'
import { OperatorError, SystemFailure } from '../errors.js'
import { Apart, type ApartOptions } from './apart.js'
import type { BEGUN, Call, Outcome, SentError } from './messages.js'
import { ProcessFailure } from './process-failure.js'

const PROGRAM = fileURLToPath(new URL('./module-process.js', import.meta.url))

export type ModuleOptions = Omit<ApartOptions, 'program' | 'channel'>

type Arguments<Function> = Function extends (...args: infer Args) => unknown ? Args : never
type Answer<Function> = Function extends (...args: never) => infer Value ? Awaited<Value> : never

/** The functions of a module that runs in a process of its own; `Module` is the module's type, or as much of it as is called. */
export class ModuleApart<Module> extends Apart<Outcome | typeof BEGUN> {
  constructor (module: URL, options: ModuleOptions) {
    super({ ...options, program: [PROGRAM, module.href], channel: 'ipc' })
    this.child?.on('message', (message) => { this.receive(message as Outcome | typeof BEGUN) })
  }

  /**
   * Calls one of the functions, one after the other: gives what it returns, or rejects with what it throws, an OperatorError or a
   * SystemFailure as such. Rejects with a ProcessFailure if the process ends before or does not answer in time, an hour where
   * `limitMs` is left out.
   * Arguments and answers are what the structured clone algorithm takes.
   */
  async call<Name extends keyof Module & string> (
    name: Name, args: Arguments<Module[Name]>, limitMs?: number
  ): Promise<Answer<Module[Name]>> {
    const call: Call = { name, args }
    // What does not arrive shows in the way the process ends.
    const outcome = await this.ask(() => { this.child?.send?.(call, () => {}) }, limitMs) as Outcome
    if ('error' in outcome) throw errorOf(outcome.error)
    return outcome.value as Answer<Module[Name]>
  }
}

/** Calls one function of a module in a process of its own, as `ModuleApart.call` does; the process is gone when that settles. */
export async function callApart<Module, Name extends keyof Module & string> (
  module: URL, name: Name, args: Arguments<Module[Name]>, options: ModuleOptions
): Promise<Answer<Module[Name]>> {
  const apart = new ModuleApart<Module>(module, options)
  try {
    return await apart.call(name, args)
  } catch (error) {
    throw error instanceof ProcessFailure ? error.within('', 'before it was done') : error
  } finally {
    await apart.close()
  }
}

function errorOf ({ kind, message, stack, refused }: SentError): Error {
  switch (kind) {
    case 'operator': return new OperatorError(message)
    case 'system': return new SystemFailure(message)
    case 'defect': return Object.assign(new Error(message), { stack }, refused)
  }
}
