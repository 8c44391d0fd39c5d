import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * Reads what runs, "+ PID" and "- PID", until the pipe from this process closes, as it does however this process ends; then ends what
 * still runs, with the groups that it leads.
 */
const GUARD = `
running=' '
while read -r change process; do
  case $change in
    +) running="$running$process " ;;
    -) running="\${running%% $process *} \${running#* $process }" ;;
  esac
done
for process in $running; do kill -s KILL -- "-$process" "$process"; done 2> /dev/null
`
let guard: Socket | undefined

/** Has a child process, and the process group if it leads one, end no later than this process, even when that is killed. */
export function endWithThis (child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  tellGuard(`+ ${pid}\n`)
  child.once('exit', () => { tellGuard(`- ${pid}\n`) })
}

/** Ends a child process, and the process group if it leads one, at once, and lets go of its pipes: others may hold their other ends. */
export function endNow (child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      // It leads no group.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    child.kill('SIGKILL')
  }
  for (const pipe of child.stdio) pipe?.destroy()
}

function tellGuard (line: string): void {
  guard ??= startGuard()
  guard.write(line)
}

/** In a session of its own, since a terminal's Ctrl-C is not for it. Neither it nor its pipe keeps this process going. */
function startGuard (): Socket {
  const shell = spawn('sh', ['-c', GUARD], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  shell.unref()
  const pipe = shell.stdin as unknown as Socket
  pipe.unref()
  return pipe
}
