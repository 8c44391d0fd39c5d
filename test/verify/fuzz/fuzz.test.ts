import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { makeCase } from '../../../verify/fuzz/cases.js'
import { makeCorpus } from '../../../verify/fuzz/corpus.js'
import { fuzz } from '../../../verify/fuzz/fuzz.js'
import { judgeHealth } from '../../../verify/fuzz/health.js'
import { run, type RunResult } from '../../../verify/fuzz/run.js'

const samples = await makeCorpus()

test('the service answers 2xx and 4xx to whatever it is sent, goes on and does not grow', async () => {
  const { requests, byKind, faults } = await fuzz({ seed: 7, from: 1, requests: 300, seconds: 600, connections: 4 })
  assert.deepEqual(faults, [])
  assert.equal(requests, 300)
  assert.ok(byKind.size >= 17, `there are ${byKind.size} kinds`)
})

test('a case is the same whenever it is made, and another for another seed or number', async () => {
  const [first, again] = [makeCase(samples, 5, 9), makeCase(await makeCorpus(), 5, 9)]
  assert.deepEqual(first, again)
  for (const other of [makeCase(samples, 5, 10), makeCase(samples, 6, 9)]) assert.notDeepEqual(first, other)
})

suite('what a service must not do is noticed', () => {
  async function against (t: TestContext, server: Server, requests = 20): Promise<RunResult> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return await run({ url, samples, seed: 3, from: 1, requests, seconds: 600, connections: 1, hasEnded: () => false })
  }

  test('an error of its own', async (t) => {
    const { violations } = await against(t, createServer((request, reply) => {
      request.resume()
      reply.writeHead(500, { 'content-length': 0 }).end()
    }))
    assert.ok(violations.some(({ reason }) => reason.startsWith('answered 500')), violations[0]?.reason)
  })

  test('a connection that is cut', async (t) => {
    const { violations } = await against(t, createServer((request) => { request.socket.destroy() }))
    assert.ok(violations.some(({ reason }) => /^closed after 0 of \d answers$/.test(reason)), violations[0]?.reason)
  })

  test('growth, and workers that fail', () => {
    const before = { resident: 500, handles: 40, workerRestarts: 0 }
    assert.deepEqual(judgeHealth(before, { ...before, resident: 510 }), [])
    assert.deepEqual(judgeHealth(before, { resident: 800, handles: 90, workerRestarts: 2 }), [
      'the resident set grew from 500 to 800 MB', 'open handles grew from 40 to 90', '2 workers had to be replaced'
    ])
  })
})
