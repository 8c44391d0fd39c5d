/** What a shell says of a program that SIGPIPE ended: 128 and the signal's number. */
const ENDED_BY_SIGPIPE = 141

/**
 * Ends the process without a word as soon as nobody reads what it prints, as SIGPIPE ends other programs; Node ignores
 * that signal and reports EPIPE instead. The exit code is theirs too, 141 and not 0, because what was asked for was not
 * all printed.
 */
export function endWithReader (): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(ENDED_BY_SIGPIPE)
      throw error
    })
  }
}
