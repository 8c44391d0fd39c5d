import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import sharp from 'sharp'
import { untilMetric } from '../support/series.js'
import { MISBEHAVING_SERVER, suiteServer } from '../support/server.js'
import { until } from '../support/until.js'

/* One client floods a slow engine. What others wait for is counted in its answers, not in time. */

const IMAGE_MS = 20
const SLOW = await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: 5, g: IMAGE_MS, b: 0 } } }).png().toBuffer()
const FLOODING_CONNECTIONS = 100
const QUEUE_SIZE = 64
/** Tries of whoever is refused and asks again at once. */
const MOST_TRIES = 10_000

const env = { TRUST_PROXY: '127.0.0.1', QUEUE_SIZE: String(QUEUE_SIZE), MAX_BATCH_SIZE: '1' }
const server = suiteServer(env, MISBEHAVING_SERVER)

async function send (client: string, images: number, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ images: Array.from({ length: images }, () => SLOW.toString('base64')) })
  return await fetch(`${server.url}/classify`, {
    method: 'POST', body, headers: { 'content-type': 'application/json', 'x-forwarded-for': client, ...headers }
  })
}

/** Sends it again at once until it is answered so. */
async function sendUntil (client: string, images: number, isSo: (status: number) => boolean): Promise<Response> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const response = await send(client, images)
    if (isSo(response.status)) return response
    await response.arrayBuffer()
  }
  assert.fail(`${MOST_TRIES} requests of ${images} images were not answered so`)
}

interface Flood {
  /** Its requests that were answered, and refused. */
  readonly counts: { answered: number, refused: number }
  stop (): Promise<void>
}

/** Single requests of one client on many connections, each of which sends the next when it has an answer. */
async function flood (client: string): Promise<Flood> {
  const counts = { answered: 0, refused: 0 }
  const end = new AbortController()
  const connections = Array.from({ length: FLOODING_CONNECTIONS }, async () => {
    while (!end.signal.aborted) {
      const { status } = await send(client, 1)
      if (status === 200) {
        counts.answered++
      } else {
        counts.refused++
        // The client shares its cores with the service.
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  })
  await untilMetric(server, 'xception_queue_length', (images) => images > QUEUE_SIZE / 2)
  return {
    counts,
    stop: async () => {
      end.abort()
      await Promise.all(connections)
    }
  }
}

suite('while one client floods', () => {
  let flooding: Flood
  before(async () => { flooding = await flood('192.0.2.1') })
  after(async () => { await flooding.stop() })

  test('another one\'s single requests are answered, each after few of the flood', async () => {
    const { counts } = flooding
    for (let request = 0; request < 10; request++) {
      const before = counts.answered
      assert.equal((await send('192.0.2.2', 1)).status, 200)
      assert.ok(counts.answered - before < QUEUE_SIZE / 2, `${counts.answered - before} came before`)
    }
  })

  for (const [whose, client] of [['another one', '192.0.2.2'], ['the same one', '192.0.2.1']] as const) {
    test(`a request of 32 images by ${whose} is answered`, async () => {
      // A request of the client that floods may be refused at first, as any of its others.
      const response = await sendUntil(client, 32, (status) => status !== 503 || client !== '192.0.2.1')
      assert.equal(response.status, 200)
      const { results } = await response.json() as { results: object[] }
      assert.deepEqual(results.filter((result) => 'error' in result), [])
    })
  }

  test('who is refused is told when to come back, by how much there is to do', async () => {
    const refused = await sendUntil('192.0.2.1', 1, (status) => status === 503)
    const seconds = Number(refused.headers.get('retry-after'))
    // At least as long as the engine takes for what waits.
    assert.ok(seconds >= Math.floor(QUEUE_SIZE / 2 * IMAGE_MS / 1000) && seconds <= 60, String(seconds))
  })

  test('what cannot be done by its deadline is refused before it is read, and only that', async () => {
    const wait = { 'x-request-timeout-ms': '200' }
    const own = await send('192.0.2.1', 1, wait)
    assert.deepEqual([own.status, (await own.json() as { code: string }).code], [503, 'deadline_unreachable'])
    assert.match(own.headers.get('retry-after') ?? '', /^\d+$/)
    assert.equal((await send('192.0.2.2', 1, { 'x-request-timeout-ms': '20000' })).status, 200)
  })

  test('the log does not grow by a line for each refused request', async () => {
    const before = flooding.counts.refused
    await until('twenty more requests that are refused', () => flooding.counts.refused >= before + 20)
    const lines = server.log.filter((line) => line.includes('"status":503'))
    assert.ok(lines.length * 4 < flooding.counts.refused, `${lines.length} lines for ${flooding.counts.refused} refused requests`)
  })
})
