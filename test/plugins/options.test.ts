import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { corsPlugin } from '../../src/plugins/cors.js'
import { errorsPlugin } from '../../src/plugins/errors.js'
import { optionsPlugin } from '../../src/plugins/options.js'
import { unauthorized } from '../../src/base/sentences.js'

async function appFor (origins: string): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(errorsPlugin)
  await app.register(corsPlugin, { origins })
  await app.register(optionsPlugin)
  app.addHook('onRequest', async () => { throw unauthorized(false) })
  app.post('/classify', () => 'classified')
  app.get('/models/:name', () => 'model')
  app.post('/models/:name::predict', () => 'predicted')
  app.get('/docs/static/*', () => 'file')
  return app
}

const PREFLIGHT = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }

suite('OPTIONS, with pages of other origins and without', () => {
  for (const origins of ['', '*', 'https://shop.example']) {
    test(`of known addresses says what they take, without a key (CORS_ORIGINS=${origins})`, async (t) => {
      const app = await appFor(origins)
      t.after(() => app.close())
      for (const headers of [{}, PREFLIGHT]) {
        for (const [url, allow] of [
          ['/classify?topK=1', 'POST, OPTIONS'], ['/models/a', 'GET, HEAD, OPTIONS'], ['/models/a:predict', 'POST, OPTIONS'],
          ['/docs/static/a/b.js', 'GET, HEAD, OPTIONS']
        ] as const) {
          const reply = await app.inject({ method: 'OPTIONS', url, headers })
          assert.deepEqual([reply.statusCode, reply.headers.allow, reply.body], [204, allow, ''], url)
          const allowed = reply.headers['access-control-allow-methods']
          assert.equal(allowed, origins === '' ? undefined : 'GET, HEAD, POST')
        }
        for (const url of ['/nothing', '/models', '/docs']) {
          const reply = await app.inject({ method: 'OPTIONS', url, headers })
          assert.deepEqual([reply.statusCode, reply.json<{ code: string }>().code], [404, 'not_found'], url)
        }
      }
    })
  }

  test('of the service as a whole says what any address takes', async (t) => {
    const app = await appFor('*')
    t.after(() => app.close())
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const asked = request({ host: '127.0.0.1', port, method: 'OPTIONS', path: '*', agent: false }).end()
    const [reply] = await once(asked, 'response') as [IncomingMessage]
    reply.resume()
    assert.deepEqual([reply.statusCode, reply.headers.allow], [204, 'GET, HEAD, POST, OPTIONS'])
  })

  test('is among the methods that another one is told of', async (t) => {
    const app = fastify()
    t.after(() => app.close())
    await app.register(errorsPlugin)
    app.post('/classify', () => 'classified')
    const reply = await app.inject({ method: 'GET', url: '/classify' })
    assert.deepEqual([reply.statusCode, reply.headers.allow], [405, 'POST, OPTIONS'])
  })
})
