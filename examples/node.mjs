// Classifies images, a few at a time: node examples/node.mjs [IMAGE...]
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const SERVICE = process.env.XCEPTION_URL ?? 'http://localhost:8080'
/** The service makes batches of what comes at the same time, so a few at once are faster than one after the other. */
const CONCURRENCY = 8
const TIMEOUT_MS = 30_000
const TRIES = 5

/** Gives the predictions of one image, the most probable first. Throws with the service's code where there are none. */
async function classify (path) {
  const body = await readFile(path)
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${SERVICE}/classify?topK=3`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/octet-stream',
        // So that the service refuses at once what it could not answer in time, and computes nothing for nobody.
        'x-request-timeout-ms': String(TIMEOUT_MS)
      },
      // A little later, so that the service's own answer still arrives.
      signal: AbortSignal.timeout(TIMEOUT_MS + 2000)
    })
    const reply = await response.json()
    if (response.ok) return reply.results[0].predictions
    // Too busy, or too many requests of this client. Anything else would fail again.
    const isWorthAnother = response.status === 503 || response.status === 429
    if (!isWorthAnother || tries === TRIES) throw new Error(`${reply.code}: ${reply.detail}`)
    await sleep(1000 * Number(response.headers.get('retry-after') ?? 1))
  }
}

async function show (path) {
  try {
    const predictions = await classify(path)
    console.log(`${path}: ${predictions.map(({ label, probability }) => `${label} ${(100 * probability).toFixed(1)}%`).join(', ')}`)
  } catch (error) {
    // One image that fails says nothing about the others.
    console.error(`${path}: ${error.message}`)
    process.exitCode = 1
  }
}

const paths = process.argv.slice(2)
// All workers take from this one iterator, so that each path is taken once.
const left = (paths.length > 0 ? paths : ['docs/cat.jpg']).values()
await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
  for (const path of left) await show(path)
}))
