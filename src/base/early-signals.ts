import { createRequire } from 'node:module'
import { packagePath } from './package-root.js'

/* To be loaded first: what it requires handles signals from then on, unless it was preloaded and does already. */

const early = createRequire(import.meta.url)(packagePath('scripts/signals.cjs')) as { giveWay (signal: NodeJS.Signals): void }

/** From now on, `listener` is what handles the signal. */
export function takeSignal (signal: NodeJS.Signals, listener: NodeJS.SignalsListener): void {
  process.on(signal, listener)
  early.giveWay(signal)
}
