import { addon } from './addon.js'
import { killRunning } from './apart/apart.js'

/** The engine is lost, which a new process mends (EX_SOFTWARE of sysexits.h). */
export const ENGINE_LOST = 70

/**
 * Ends the process without waiting for its threads. `process.exit` joins them first, and never returns where one hangs in a
 * native call.
 */
export function endNow (code: number): never {
  killRunning()
  return addon().endNow(code)
}
