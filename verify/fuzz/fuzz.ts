import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '../harness/server.js'
import { makeCorpus } from './corpus.js'
import { healthWhenIdle, judgeHealth, type Health } from './health.js'
import { run, type RunResult, type Violation } from './run.js'

export interface FuzzOptions {
  readonly seed: number
  readonly from: number
  readonly requests: number
  readonly seconds: number
  readonly connections: number
}

export interface FuzzReport extends RunResult {
  readonly before: Health
  readonly after: Health | undefined
  /** What the service must not do, in a sentence each; empty if all is well. */
  readonly faults: readonly string[]
}

/** What is sent before memory is read for the first time, so that all code and pools are warm; another seed's. */
const WARM_UP_REQUESTS = 2000
const WARM_UP_SECONDS = 30
/** The queue takes what all connections can send, and no deadline ends what a busy machine delays. */
const SETTINGS = { BACKEND: 'cpu', QUEUE_SIZE: '10000', REQUEST_TIMEOUT_MS: '60000' }
/** Last lines of the log of a server that ended. */
const LOG_LINES = 20

/** Starts the service, sends it broken and odd requests, and looks at what it answers and what is left of it. Linux only. */
export async function fuzz (options: FuzzOptions): Promise<FuzzReport> {
  const { requests, seconds, seed } = options
  const samples = await makeCorpus()
  const server = await startServer(SETTINGS)
  let exit: number | null | undefined
  const ended = server.exit.then((code) => { exit = code })
  const base = { ...options, url: server.url, samples, hasEnded: () => exit !== undefined }
  try {
    const warm = await run({
      ...base,
      seed: seed + 1,
      from: 0,
      requests: Math.min(WARM_UP_REQUESTS, Math.ceil(requests / 5)),
      seconds: Math.min(WARM_UP_SECONDS, seconds)
    })
    const before = await healthWhenIdle(server.url, server.pid)
    const result = await run(base)
    const violations = await Promise.all([
      ...warm.violations.map(async (violation) => await describe(violation, seed + 1)),
      ...result.violations.map(async (violation) => await describe(violation, seed))
    ])
    if (exit !== undefined) {
      const log = server.log.slice(-LOG_LINES).join('\n')
      return { ...result, before, after: undefined, faults: [...violations, `the process ended with ${exit}: ${log}`] }
    }
    const after = await healthWhenIdle(server.url, server.pid)
    return { ...result, before, after, faults: [...violations, ...judgeHealth(before, after)] }
  } finally {
    if (exit === undefined) await server.stop()
    await ended
  }
}

/** Leaves the bytes in a file, and says how to send them again. */
async function describe ({ reason, number, case: { kind, bytes } }: Violation, seed: number): Promise<string> {
  const file = join(tmpdir(), `xception-fuzz-${seed}-${number}.bin`)
  await writeFile(file, bytes)
  return `case ${number} of seed ${seed} (${kind}): ${reason}; its bytes are in ${file}, ` +
    `npm run fuzz -- --seed ${seed} --from ${number} --requests 1 sends it again`
}
