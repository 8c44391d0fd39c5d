/** npm and a terminal both deliver a Ctrl-C: two signals within this time are one. */
export const SAME_SIGNAL_MS = 1000
