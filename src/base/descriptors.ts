import { readText } from './control-groups.js'
import { OperatorError } from './errors.js'

/** What a start takes: it opens hundreds of files nearly at once, and where that fails, Node says that they are missing. */
const LEAST_DESCRIPTORS = 384
/** What the process opens beside connections: files, pipes to its children, what a request may need for a moment, and probes' places. */
const KEPT_FOR_OTHERS = 160

/** Most file descriptors that this process may have open, or undefined where the system does not say or sets no limit. */
export function descriptorLimit (limitsFile = '/proc/self/limits'): number | undefined {
  // Node has raised the first, soft limit to the second one at its start.
  const soft = /^Max open files +(\d+)/m.exec(readText(limitsFile) ?? '')?.[1]
  return soft === undefined ? undefined : Number(soft)
}

/** Throws an OperatorError if the process may not have as many descriptors as its start takes. To be called before most is loaded. */
export function demandDescriptors (): void {
  const limit = descriptorLimit()
  if (limit === undefined || limit >= LEAST_DESCRIPTORS) return
  const problem = `This process may have ${limit} file descriptors, and its start takes ${LEAST_DESCRIPTORS}`
  throw new OperatorError(`${problem}: raise the limit (ulimit -n)`)
}

/** As many connections as are wanted, and no more than leave descriptors for everything else; at least 1. */
export function connectionsWithin (wanted: number, limit: number | undefined): number {
  return limit === undefined ? wanted : Math.max(1, Math.min(wanted, limit - KEPT_FOR_OTHERS))
}
