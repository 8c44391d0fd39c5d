import { createRequire } from 'node:module'
import { OperatorError } from './errors.js'
import { processAddonPath } from './installed.js'

/** Calls that Node lacks; native/process/process.cc says what each does. */
interface Addon {
  releaseFreeMemory (): void
  endNow (code: number): never
  endWithParent (): void
  sendDatagram (address: string, message: string): number
}

/**
 * Loaded where it is first needed: what needs none of its calls runs without it. Throws an OperatorError where the set-up has not
 * installed it.
 */
export function addon (): Addon {
  try {
    return createRequire(import.meta.url)(processAddonPath()) as Addon
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new OperatorError('A native part of the service is not installed: run npm run setup')
  }
}

function isMissing (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND'
}
