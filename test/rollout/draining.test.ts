import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CAT } from '../support/cat.js'
import { CAT_SERVER, startServer } from '../support/server.js'
import { until } from '../support/until.js'

test('after SIGTERM the server says that it is not ready, serves on and tells clients to leave, then exits 0', async (t) => {
  const server = await startServer(t, { DRAIN_DELAY_MS: '3000' }, CAT_SERVER)
  const exit = server.stop('SIGTERM')
  await until('a service that is not ready', async () => {
    const probe = await fetch(`${server.url}/readyz`)
    const body = await probe.json()
    if (probe.status === 503) assert.deepEqual(body, { status: 'not ready', reason: 'draining' })
    return probe.status === 503
  })
  const response = await fetch(`${server.url}/classify`, { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('connection'), 'close')
  await response.arrayBuffer()
  assert.equal(await exit, 0)
})
