import assert from 'node:assert/strict'
import { request } from 'node:http'
import { suite, test } from 'node:test'
import { json } from 'node:stream/consumers'
import { suiteApp } from '../support/app.js'
import { until } from '../support/until.js'

const server = suiteApp()

interface Answer {
  readonly status: number | undefined
  readonly code: string
  readonly type: string | undefined
  readonly allow: string | undefined
}

/** The path is sent as it is: `fetch` would tidy it. */
async function ask (method: string, path: string): Promise<Answer> {
  const { hostname, port } = new URL(server.url)
  return await new Promise((resolve, reject) => {
    request({ hostname, port, method, path, agent: false }, (response) => {
      json(response).then((problem) => {
        const { 'content-type': type, allow } = response.headers
        resolve({ status: response.statusCode, code: (problem as { code: string }).code, type, allow })
      }, reject)
    }).on('error', reject).end()
  })
}

suite('an address is never read as a pattern of addresses', () => {
  for (const [method, path, status, code] of [
    ['GET', '/:a(', 404, 'not_found'],
    ['GET', '/*x', 404, 'not_found'],
    ['GET', '/*', 404, 'not_found'],
    ['GET', '/:classify', 404, 'not_found'],
    ['POST', '/livez(.*)', 404, 'not_found'],
    ['GET', '//', 404, 'not_found'],
    ['GET', '/livez/', 404, 'not_found'],
    ['GET', '/%zz', 400, 'malformed_request'],
    ['GET', '/livez%', 400, 'malformed_request'],
    ['GET', '/%ff', 400, 'malformed_request'],
    ['GET', '/classify?topK=%zz', 405, 'method_not_allowed']
  ] as const) {
    test(`${method} ${path}`, async () => {
      const answer = await ask(method, path)
      assert.deepEqual([answer.status, answer.code], [status, code])
      assert.match(answer.type ?? '', /^application\/problem\+json/)
    })
  }
})

test('a method that an address does not take is answered with those that it takes', async () => {
  assert.equal((await ask('GET', '/classify')).allow, 'POST, OPTIONS')
  assert.equal((await ask('POST', '/livez')).allow, 'GET, HEAD, OPTIONS')
})

test('an address that cannot be read has its log line and is counted', async () => {
  const lines = (): number => server.log.filter((line) => line.includes('"route":"unknown","status":400')).length
  const [before, counted] = [lines(), await unknown400()]
  await ask('GET', '/%zz')
  assert.equal(await unknown400(), counted + 1)
  await until('a line of the log', () => lines() > before)
})

async function unknown400 (): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^xception_http_request_duration_seconds_count\{route="unknown",status="400"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
}
