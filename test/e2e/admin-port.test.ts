import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { startApp } from '../support/app.js'
import { adminUrlOf, CAT_SERVER, startServer, suiteServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const paths = ['/metrics', '/livez', '/readyz', '/', '/classify']
const statusesAt = (url: string): Promise<number[]> => Promise.all(paths.map(async (path) => (await fetch(url + path)).status))

suite('ADMIN_PORT', () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'keys'), `anna ${createHash('sha256').update('key').digest('hex')}`)
  const server = suiteServer({ ADMIN_PORT: '0', API_KEYS_FILE: join(folder, 'keys'), RATE_LIMIT: '1000' }, CAT_SERVER)
  let admin: string
  before(() => { admin = adminUrlOf(server) ?? assert.fail(server.log.join('\n')) })
  after(async () => { await assert.rejects(fetch(`${admin}/livez`), 'closed with the service') })

  test('metrics and health are at an address of their own, without a key, and nothing else', async () => {
    assert.equal(new URL(admin).hostname, '127.0.0.1')
    assert.deepEqual(await statusesAt(admin), [200, 200, 200, 404, 404])
    const response = await fetch(`${admin}/metrics`)
    assert.match(await response.text(), /^xception_ready 1$/m)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  })

  test('POST /admin/reload opens the model anew, and says which serves; the main port has no such address', async () => {
    const response = await fetch(`${admin}/admin/reload`, { method: 'POST' })
    assert.equal(response.status, 200)
    assert.equal((await response.json() as { model: { name: string } }).model.name, 'xception-cifar10')
    assert.equal((await fetch(`${admin}/admin/reload`)).status, 405)
    assert.equal((await fetch(`${server.url}/admin/reload`, { method: 'POST', headers: { 'x-api-key': 'key' } })).status, 404)
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  })

  test('/admin/log-level changes what is logged, of both ports, until it is set back', async () => {
    const logged = (): number => server.log.filter((line) => line.includes('"level":20') && line.includes('"route":"/livez"')).length
    assert.equal(logged(), 0)
    const change = await fetch(`${admin}/admin/log-level`, { method: 'PUT', body: '{"level":"debug"}' })
    assert.deepEqual(await change.json(), { level: 'debug', configured: 'info' })
    for (const url of [server.url, admin]) await fetch(`${url}/livez`)
    await until('two lines of the log', () => logged() >= 2)
    assert.equal((await fetch(`${admin}/admin/log-level`, { method: 'DELETE' })).status, 200)
    assert.equal((await fetch(`${server.url}/admin/log-level`, { headers: { 'x-api-key': 'key' } })).status, 404)
  })

  test('metrics have left the main port, and its list of addresses', async () => {
    const headers = { 'x-api-key': 'key' }
    assert.equal((await fetch(`${server.url}/metrics`, { headers })).status, 404)
    assert.equal((await fetch(`${server.url}/livez`)).status, 200)
    const { endpoints } = await (await fetch(server.url)).json() as { endpoints: string[] }
    assert.ok(endpoints.includes('POST /classify') && !endpoints.includes('GET /metrics'), endpoints.join())
  })
})

test('by default there is one port, which has the metrics', async (t) => {
  const app = await startApp(t)
  assert.equal(adminUrlOf(app), undefined)
  assert.deepEqual(await statusesAt(app.url), [200, 200, 200, 200, 405])
})

test('a port that is taken ends the start with a sentence that names the setting', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => { other.close() })
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await assert.rejects(startServer(t, { ADMIN_PORT: String(port) }), {
    message: new RegExp(`ADMIN_HOST=127\\.0\\.0\\.1 and ADMIN_PORT=${port} cannot be listened on \\(EADDRINUSE\\)`)
  })
})
