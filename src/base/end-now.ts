import { createRequire } from 'node:module'

const ADDON = '@tensorflow/tfjs-node/lib/napi-v8/allocator.node'

/** The engine is lost, which a new process mends (EX_SOFTWARE of sysexits.h). */
export const ENGINE_LOST = 70

/**
 * Ends the process without waiting for its threads. `process.exit` joins them first, and never returns where one hangs in a
 * native call.
 */
export function endNow (code: number): never {
  const { endNow: end } = createRequire(import.meta.url)(ADDON) as { endNow: (code: number) => never }
  return end(code)
}
