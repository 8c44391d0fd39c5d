import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../src/base/random.js'
import { readMetrics } from '../harness/metrics.js'
import { startServer, type RunningServer } from '../harness/server.js'
import { KEY, makePhotos } from './bodies.js'
import { check, requestsOf, type Checkpoint } from './checkpoint.js'
import { misbehave } from './faults.js'
import { growth } from './growth.js'
import { KINDS, type Client } from './kinds.js'
import { Ledger } from './ledger.js'

const CLIENTS = 10
const MINUTE_MS = 60_000

export interface SoakOptions {
  readonly seed: number
  /** Things that clients do between two checkpoints. */
  readonly actions: number
  /** Whether another round is to follow, after so many. */
  readonly goesOn: (rounds: number, elapsedMs: number) => boolean
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void
}

export interface SoakResult {
  readonly ledger: Ledger
  readonly checkpoints: readonly Checkpoint[]
  readonly faults: Readonly<Record<string, number>>
}

/**
 * Mixed traffic with faults at random against a server of its own, in rounds, each of which ends in a checkpoint. What must not
 * happen is in the ledger's violations.
 */
export async function soak ({ seed, actions, goesOn, onCheckpoint }: SoakOptions): Promise<SoakResult> {
  const folder = mkdtempSync(join(tmpdir(), 'xception-soak-'))
  writeFileSync(join(folder, 'keys'), `soak ${createHash('sha256').update(KEY).digest('hex')}`)
  const server = await startServer({
    BACKEND: 'cpu', ADMIN_PORT: '0', API_KEYS_FILE: join(folder, 'keys'), QUEUE_SIZE: '16', REQUEST_TIMEOUT_MS: '20000'
  })
  try {
    return await rounds(server, { seed, actions, goesOn, ...(onCheckpoint === undefined ? {} : { onCheckpoint }) })
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

async function rounds (server: RunningServer, { seed, actions, goesOn, onCheckpoint }: SoakOptions): Promise<SoakResult> {
  const random = new Random(seed)
  const [ledger, checkpoints, faults] = [new Ledger(), [] as Checkpoint[], {} as Record<string, number>]
  const photos = await makePhotos(random)
  const { pid, url } = server
  const admin = await adminOf(server)
  const before = requestsOf(await readMetrics(admin))
  const startedAt = performance.now()
  do {
    const traffic = new AbortController()
    const faulty = misbehave({ pid, admin, random, ledger, done: faults }, traffic.signal)
    await Promise.all(shares(actions).map((share) => act({ url, random, photos, ledger, kept: undefined }, share)))
    traffic.abort()
    await faulty
    const checkpoint = await check({ pid, admin }, before, ledger, (performance.now() - startedAt) / MINUTE_MS)
    checkpoints.push(checkpoint)
    onCheckpoint?.(checkpoint)
  } while (ledger.violations.length === 0 && goesOn(checkpoints.length, performance.now() - startedAt))
  for (const grown of growth(checkpoints)) ledger.violated(grown)
  return { ledger, checkpoints, faults }
}

function shares (actions: number): number[] {
  return Array.from({ length: CLIENTS }, () => Math.ceil(actions / CLIENTS))
}

/** One client, which does one thing after the other. */
async function act (client: Client, actions: number): Promise<void> {
  const { random, ledger } = client
  for (let left = actions; left > 0; left--) {
    const [, name, kind] = choose(random)
    try {
      await kind(client)
    } catch (error) {
      ledger.violated(`${name} had no answer: ${(error as Error).message}`)
    }
    if (random.uniform() < 0.1) await sleep(random.below(200))
  }
  client.kept?.close()
}

function choose (random: Random): (typeof KINDS)[number] {
  let left = random.uniform() * KINDS.reduce((sum, [weight]) => sum + weight, 0)
  const chosen = KINDS.find(([weight]) => {
    left -= weight
    return left < 0
  })
  return chosen ?? KINDS[0] as (typeof KINDS)[number]
}

async function adminOf ({ log }: RunningServer): Promise<string> {
  for (;;) {
    const found = /administration at (http:\S+?)"/.exec(log.join('\n'))?.[1]
    if (found !== undefined) return found
    await sleep(5)
  }
}
