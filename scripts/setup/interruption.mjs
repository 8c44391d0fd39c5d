const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/** What has to be undone, newest last, if a signal ends the set-up now. */
const undoSteps = new Set()

/**
 * Registers what a signal must undo. The function has to be synchronous: nothing else runs any more.
 *
 * @param {() => void} undo
 * @returns {() => void} takes the registration back
 */
export function onInterruption (undo) {
  undoSteps.add(undo)
  return () => undoSteps.delete(undo)
}

function interrupted (signal) {
  for (const undo of [...undoSteps].reverse()) {
    try {
      undo()
    } catch {
      // The remaining steps matter more than this one, and leftovers are swept by the next set-up.
    }
  }
  // Dying of the signal itself, rather than by exit(), tells the parent shell or npm what happened.
  for (const name of SIGNALS) process.removeAllListeners(name)
  process.kill(process.pid, signal)
}

/**
 * Runs `work` so that a signal ends the process at once, after everything registered was undone.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {{ hangUp: boolean }} options hangUp: whether SIGHUP is such a signal
 * @returns {Promise<T>}
 */
export async function interruptible (work, { hangUp }) {
  for (const name of SIGNALS) {
    // First of all: another listener may end the process.
    if (hangUp || name !== 'SIGHUP') process.prependListener(name, interrupted)
  }
  try {
    return await work()
  } finally {
    for (const name of SIGNALS) process.removeListener(name, interrupted)
  }
}
