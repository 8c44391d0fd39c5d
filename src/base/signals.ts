/** npm and a terminal both deliver a Ctrl-C: two signals within this time are one. */
export const SAME_SIGNAL_MS = 1000

/**
 * For a child process: signals to a whole group (a terminal's Ctrl-C, systemd's stop) are its parent's, which lets it finish
 * first, and none opens Node's inspector.
 */
export function leaveSignalsToParent (): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
}
