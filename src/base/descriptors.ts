import { readFileSync } from 'node:fs'

/** What the process opens beside connections: files, pipes to its children, and what a request may need for a moment. */
const KEPT_FOR_OTHERS = 128

/** Most file descriptors that this process may have open, or undefined where the system does not say or sets no limit. */
export function descriptorLimit (limitsFile = '/proc/self/limits'): number | undefined {
  let text
  try {
    text = readFileSync(limitsFile, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EACCES') throw error
    return undefined
  }
  // Node has raised the first, soft limit to the second one at its start.
  const soft = /^Max open files +(\d+)/m.exec(text)?.[1]
  return soft === undefined ? undefined : Number(soft)
}

/** As many connections as are wanted, and no more than leave descriptors for everything else; at least 1. */
export function connectionsWithin (wanted: number, limit: number | undefined): number {
  return limit === undefined ? wanted : Math.max(1, Math.min(wanted, limit - KEPT_FOR_OTHERS))
}
