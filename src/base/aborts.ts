/** What signals tell that many listen to, each for a moment: Node's own listeners take longer than what is waited for often does. */
const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `listener` when the signal is aborted, unless the function that is returned is called before. */
export function onAbort (signal: AbortSignal, listener: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? listen(signal)
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}

/** A signal, and what aborts it. */
export class Abortable {
  private readonly controller = new AbortController()
  private readonly listeners = new Set<() => void>()

  constructor () {
    listenersOf.set(this.controller.signal, this.listeners)
  }

  get signal (): AbortSignal {
    return this.controller.signal
  }

  /** Once: later reasons change nothing. */
  abort (reason: unknown): void {
    if (this.signal.aborted) return
    this.controller.abort(reason)
    callAll(this.listeners)
  }
}

function listen (signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>()
  listenersOf.set(signal, listeners)
  signal.addEventListener('abort', () => { callAll(listeners) }, { once: true })
  return listeners
}

function callAll (listeners: Set<() => void>): void {
  for (const listener of listeners) listener()
  listeners.clear()
}
