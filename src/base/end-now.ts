import { addon } from './addon.js'
import { killBeginning } from './beginning.js'

/** The engine is lost, which a new process mends (EX_SOFTWARE of sysexits.h). */
export const ENGINE_LOST = 70

/**
 * Ends the process without waiting for its threads. `process.exit` joins them first, and never returns where one hangs in a
 * native call.
 */
export function endNow (code: number): never {
  killBeginning()
  return addon().endNow(code)
}

/** Has the system kill this process once the one that started it is gone, whatever it is doing then. On Linux only. */
export function endWithParent (): void {
  addon().endWithParent()
}
