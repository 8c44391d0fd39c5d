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
  /** What each step that runs does. */
  const running = new Map()

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
  function draw () {
    const shown = [...running].map(([name, text]) => `${name}: ${text}`).join(', ')
    if (stream.isTTY) {
      clear()
      if (shown === '') return
      stream.write(shown.slice(0, stream.columns - 1))
      dirty = true
    } else if (shown !== '' && Date.now() - lastLineAt > LINE_INTERVAL_MS) {
      line(`${shown} ...`)
    }
  }

  return {
    line (text) {
      line(text)
      draw()
    },
    progress (name, text) {
      running.set(name, text)
      draw()
    },
    ended (name) {
      running.delete(name)
      draw()
    },
    skipped (name) {
      if (!quiet) line(`${name.padEnd(NAME_WIDTH)} up to date`)
    },
    done (name, ms) {
      running.delete(name)
      line(`${name.padEnd(NAME_WIDTH)} ${(ms / 1000).toFixed(1)} s`)
      draw()
    }
  }
}
