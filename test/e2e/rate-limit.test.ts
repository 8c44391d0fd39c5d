import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { GrpcClient, refusal } from '../support/grpc.js'
import { openApp, suiteApp, type App } from '../support/app.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

/* Two requests a minute, and each test counts from its own address or key. */

const folder = tempFolder()

type Sent = Readonly<Record<string, string>>

/** Statuses of so many requests, one after the other. */
async function statuses (server: App, count: number, headers: Sent, path = '/'): Promise<number[]> {
  const found: number[] = []
  for (let sent = 0; sent < count; sent++) found.push((await server.fetch(path, { headers })).status)
  return found
}

suite('RATE_LIMIT behind a trusted proxy, with keys', () => {
  const keys = ['anna', 'ben'].map((name) => `${name} ${createHash('sha256').update(`key of ${name}`).digest('hex')}`)
  writeFileSync(join(folder, 'keys'), keys.join('\n'))
  const server = suiteApp({ RATE_LIMIT: '2', TRUST_PROXY: '127.0.0.1', API_KEYS_FILE: join(folder, 'keys'), GRPC_PORT: '0' })

  test('each reply says what is left, and the first too many is refused', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.1' }
    for (const remaining of ['1', '0']) {
      const response = await server.fetch('/', { headers })
      assert.equal(response.status, 200)
      assert.deepEqual(['limit', 'remaining'].map((name) => response.headers.get(`ratelimit-${name}`)), ['2', remaining])
      assert.match(response.headers.get('ratelimit-reset') ?? '', /^\d+$/)
    }
    const refused = await server.fetch('/', { headers })
    assert.deepEqual([refused.status, refused.headers.get('ratelimit-remaining')], [429, '0'])
    const seconds = Number(refused.headers.get('retry-after'))
    assert.ok(seconds >= 1 && seconds <= 60, String(seconds))
    assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.equal((await refused.json() as { code: string }).code, 'rate_limited')
  })

  for (const [name, first, second] of [
    ['addresses', { 'x-forwarded-for': '192.0.2.2' }, { 'x-forwarded-for': '192.0.2.3' }],
    ['networks of IPv6', { 'x-forwarded-for': '2001:db8:0:1::1' }, { 'x-forwarded-for': '2001:db8:0:2::1' }],
    ['keys of one address', { 'x-api-key': 'key of anna' }, { 'x-api-key': 'key of ben' }]
  ] as const) {
    test(`${name} are counted apart`, async () => {
      assert.deepEqual([await statuses(server, 3, first), await statuses(server, 3, second)], [[200, 200, 429], [200, 200, 429]])
    })
  }

  test('addresses of one IPv6 network are counted together', async () => {
    const found = []
    for (const end of ['1', '2', 'ffff:1']) found.push(...await statuses(server, 1, { 'x-forwarded-for': `2001:db8:0:3::${end}` }))
    assert.deepEqual(found, [200, 200, 429])
  })

  test('a client stays one, whatever port its proxy names, over HTTP and gRPC, and its log lines say who it is', async () => {
    const found = []
    for (const port of [1, 2]) found.push(...await statuses(server, 1, { 'x-forwarded-for': `192.0.2.5:${port}` }))
    assert.deepEqual(found, [200, 200])
    const client = new GrpcClient(server)
    const answer = client.call('ServerMetadata', {}, { headers: { 'x-forwarded-for': '::ffff:192.0.2.5' } })
    assert.equal((await refusal(answer)).errorCode, 'rate_limited')
    client.close()
    const lines = (): string[] => server.log.filter((line) => line.includes('"client":"192.0.2.5"'))
    await until('three lines of the log', () => lines().length >= 3)
  })

  test('requests without a valid key count for their address, unknown paths and guesses alike', async () => {
    const from = { 'x-forwarded-for': '192.0.2.4' }
    assert.deepEqual(await statuses(server, 1, from, '/nothing'), [401])
    assert.deepEqual(await statuses(server, 2, { ...from, 'x-api-key': 'a guess' }, '/metrics'), [401, 429])
  })

  test('probes are never limited', async () => {
    for (const path of ['/livez', '/readyz']) assert.deepEqual(await statuses(server, 4, {}, path), [200, 200, 200, 200])
  })
})

test('without TRUST_PROXY nobody gets around the limit by a header', async (t) => {
  const server = await openApp(t, { RATE_LIMIT: '2' })
  const found = []
  for (const client of [1, 2, 3]) found.push(...await statuses(server, 1, { 'x-forwarded-for': `192.0.2.${client}` }))
  assert.deepEqual(found, [200, 200, 429])
})

test('without RATE_LIMIT no reply speaks of one', async (t) => {
  const server = await openApp(t)
  const response = await server.fetch('/')
  assert.deepEqual([...response.headers.keys()].filter((name) => name.includes('ratelimit')), [])
})
