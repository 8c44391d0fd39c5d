import { readFileSync, writeFileSync } from 'node:fs'
import { addon } from '../addon.js'

/** Which of the process's open files the channel to its parent is; standard input, output and error come first. */
export const CHANNEL = 3
/** Which one is the file that it inherits beside it, where it does. */
export const INHERITED = 4
/** Added to what the system says already, of at most 1000. */
const OOM_SCORE = 500
const OOM_SCORE_FILE = '/proc/self/oom_score_adj'

/**
 * What a program that runs apart does first. Signals that are sent to it none the less are its parent's, which lets it finish, and
 * nothing opens Node's inspector; on Linux the system kills it once its parent is gone, whatever it is doing then.
 */
export function beginApart (): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
  addon().endWithParent()
  volunteerForOutOfMemory()
}

/** Makes this process, and not its parent, the one that Linux kills when memory runs out. */
function volunteerForOutOfMemory (): void {
  try {
    writeFileSync(OOM_SCORE_FILE, String(Math.min(1000, Number(readFileSync(OOM_SCORE_FILE, 'utf8')) + OOM_SCORE)))
  } catch (error) {
    // Other systems have no such file, and a hardened one may forbid it: then the size decides, which is likely this process's.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
  }
}
