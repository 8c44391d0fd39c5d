import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { packagePath } from '../../src/base/package-root.js'
import { PYTHON } from './packages.js'

/** A Python program that answers each line of its standard input with one line of JSON, and ends with its input. */
export class PythonProcess {
  private readonly lines: AsyncIterator<string>

  private constructor (private readonly child: ChildProcess & { stdin: Writable, stdout: Readable }, private readonly script: string) {
    // Whoever asks a program that has ended learns it from the answer that does not come.
    child.stdin.on('error', () => {})
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** `script` is a path in this package; `before` is a command that starts the interpreter, such as one that pins it to CPUs. */
  static start (script: string, before: readonly string[] = []): PythonProcess {
    const [command = PYTHON, ...args] = [...before, PYTHON, packagePath(script)]
    return new PythonProcess(spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }), script)
  }

  /** Throws an Error if the program ends instead. */
  async ask (question: unknown): Promise<unknown> {
    this.child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await this.lines.next()
    if (done === true) throw new Error(`${this.script} ended without an answer`)
    return JSON.parse(value)
  }

  async stop (): Promise<void> {
    const exit = once(this.child, 'exit')
    this.child.stdin.end()
    await exit
  }
}
