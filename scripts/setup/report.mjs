const LINE_INTERVAL_MS = 10_000
const NAME_WIDTH = 12

/**
 * What the set-up prints, all of it on standard error: standard output belongs to the server's log.
 *
 * @param {{ quiet: boolean, stream?: NodeJS.WriteStream }} options quiet: say nothing of steps that are done already
 */
export function createReport ({ quiet, stream = process.stderr }) {
  let lastLineAt = Date.now()
  let dirty = false

  /** Takes a progress line off the terminal. */
  function clear () {
    if (dirty) stream.write('\r\x1b[K')
    dirty = false
  }

  function line (text) {
    clear()
    stream.write(text + '\n')
    lastLineAt = Date.now()
  }

  /** On a terminal one line that changes, elsewhere a line now and then. */
  function progress (name, text) {
    const shown = `${name.padEnd(NAME_WIDTH)} ${text} ...`
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${shown}`)
      dirty = true
    } else if (Date.now() - lastLineAt > LINE_INTERVAL_MS) {
      line(shown)
    }
  }

  return {
    clear,
    line,
    progress,
    skipped (name) {
      if (!quiet) line(`${name.padEnd(NAME_WIDTH)} up to date`)
    },
    done (name, ms) {
      line(`${name.padEnd(NAME_WIDTH)} ${(ms / 1000).toFixed(1)} s`)
    }
  }
}
