import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadReply, LoadRequest, RunReply } from '../../src/engine/protocol.js'

/*
 * A worker without TensorFlow that signs its process's number into the folder that it gets as its model. Whoever is first loads at
 * once, as long as nobody else has come; the others load when two of them are there.
 */

const WITHIN_MS = 30_000
const LOOK_EVERY_MS = 10

export async function load ({ path }: LoadRequest): Promise<LoadReply> {
  const others = (): number => readdirSync(path).length - 1
  writeFileSync(join(path, String(process.pid)), '')
  if (others() > 0) {
    for (const end = Date.now() + WITHIN_MS; others() < 2; await sleep(LOOK_EVERY_MS)) {
      if (Date.now() > end) throw new Error('no other worker loads at the same time')
    }
  } else {
    await sleep(10 * LOOK_EVERY_MS)
    if (others() > 0) throw new Error('another worker loads before the first has')
  }
  return { backend: 'cpu', tensorflowVersion: 'none', outputs: [] }
}

export function run (): RunReply {
  throw new Error('nothing is to be run')
}
