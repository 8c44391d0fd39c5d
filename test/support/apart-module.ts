import { readFileSync } from 'node:fs'
import { url } from 'node:inspector'
import { OperatorError } from '../../src/base/errors.js'

/* What tests run apart: its functions do what no function should. */

export function add (left: number, right: number): number {
  return left + right
}

/** Waits as many milliseconds without holding up what else there is to do. */
export async function later (milliseconds: number): Promise<number> {
  await new Promise((resolve) => { setTimeout(resolve, milliseconds) })
  return milliseconds
}

export function refuse (): never {
  throw new OperatorError('as ordered')
}

export function read (path: string): string {
  return readFileSync(path, 'utf8')
}

export function surroundings (): { readonly pid: number, readonly inspector: string | undefined, readonly options: string[] } {
  return { pid: process.pid, inspector: url(), options: [...process.execArgv, process.env.NODE_OPTIONS ?? ''] }
}

export function hang (): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** Hangs once it has answered. */
export function hangNext (): void {
  setTimeout(hang, 10)
}

export function end (how: number | NodeJS.Signals): void {
  if (typeof how === 'number') process.exit(how)
  process.kill(process.pid, how)
  hang()
}

/** Writes so many megabytes to standard error, with a line break behind each or with none. */
export async function flood (megabytes: number, inLines: boolean): Promise<void> {
  for (let index = 0; index < megabytes; index++) {
    await new Promise((resolve) => { process.stderr.write(`${'x'.repeat(2 ** 20)}${inLines ? '\n' : ''}`, resolve) })
  }
}
