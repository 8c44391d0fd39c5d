import { fileURLToPath } from 'node:url'
import type { RunningServer } from '../../verify/harness/server.js'

export { NPM_START, startServer, type RunningServer } from '../../verify/harness/server.js'
export { childrenOf } from '../../verify/harness/process-memory.js'

/** The real server with a worker that fails on demand: a command for `startServer`. */
export const MISBEHAVING_SERVER = [process.execPath, fileURLToPath(new URL('./misbehaving-server.js', import.meta.url))]

/** Where the server listens for administration, as its log says; undefined where it does not. */
export function adminUrlOf ({ log }: RunningServer): string | undefined {
  return /administration at (http:\S+?)"/.exec(log.join('\n'))?.[1]
}
