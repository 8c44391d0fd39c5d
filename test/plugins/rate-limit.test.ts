import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { errorsPlugin } from '../../src/plugins/errors.js'
import { rateLimitPlugin } from '../../src/plugins/rate-limit.js'

async function limited (): Promise<FastifyInstance> {
  const app = fastify()
  app.decorateRequest('client', { getter () { return String(this.headers.client) } })
  await app.register(errorsPlugin)
  await app.register(rateLimitPlugin, { perMinute: 1 })
  app.get('/', async () => 'taken')
  return app
}

async function ask (app: FastifyInstance, client: string): Promise<LightMyRequestResponse> {
  return await app.inject({ url: '/', headers: { client } })
}

test('a clock that is set back locks nobody out', async (t) => {
  const now = Date.now()
  const app = await limited()
  t.after(() => app.close())
  assert.equal((await ask(app, 'anna')).statusCode, 200)
  t.mock.timers.enable({ apis: ['Date'], now: now - 3_600_000 })
  const refused = await ask(app, 'anna')
  assert.equal(refused.statusCode, 429)
  const seconds = Number(refused.headers['retry-after'])
  assert.ok(seconds >= 1 && seconds <= 60, String(seconds))
})

test('another protocol\'s calls are counted with the requests', async (t) => {
  const app = await limited()
  t.after(() => app.close())
  await app.ready()
  await app.limitRate('anna')
  await assert.rejects(app.limitRate('anna'), { code: 'rate_limited' })
  assert.equal((await ask(app, 'anna')).statusCode, 429)
  assert.equal((await ask(app, 'ben')).statusCode, 200)
})

test('whoever came last longest ago is forgotten first', async (t) => {
  const app = await limited()
  t.after(() => app.close())
  await app.ready()
  for (let client = 0; client < 10_000; client++) await app.limitRate(String(client))
  await assert.rejects(app.limitRate('0'), { code: 'rate_limited' })
  await app.limitRate('one more')
  await assert.rejects(app.limitRate('0'), { code: 'rate_limited' })
  await app.limitRate('1')
})
