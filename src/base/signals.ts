/** npm and a terminal both deliver a Ctrl-C: two signals within this time are one. */
export const SAME_SIGNAL_MS = 1000

/**
 * An option of child processes that keeps signals to a whole group (a terminal's Ctrl-C and hang-up) from them, from before they
 * handle any: these are their parent's, which lets them finish first.
 */
export const APART = { detached: true } as const

/** For a child process: what is sent to it none the less is its parent's, too, and nothing opens Node's inspector. */
export function leaveSignalsToParent (): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
}
