import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import sharp from 'sharp'
import { ERRORS } from '../../src/base/errors.js'
import { openApp, suiteApp } from '../support/app.js'
import { CAT } from '../support/cat.js'
import { assertDescribed, assertShown, assertValid, documentOf, mediaOf, operationsOf, type Document } from '../support/open-api.js'
import { adminUrlOf } from '../support/server.js'

const JPEG = { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } }
const json = (body: unknown, accept = '*/*'): RequestInit => (
  { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', accept } }
)
const BASE64 = CAT.toString('base64')
const INFER = { inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [BASE64] }] }

type Case = readonly [status: number, path: string, query: string, init?: RequestInit]

/** An address of a model, and the same with a version. */
const ofVersions = (model: string): string[] => [model, `${model}/versions/{version}`]

const limits = { MAX_IMAGES_PER_REQUEST: '2', MAX_IMAGE_BYTES: '200000', MAX_IMAGE_PIXELS: '1000000', MAX_REQUEST_BYTES: '1000000' }
const server = suiteApp({ ADMIN_PORT: '0', ...limits }, 'real')
let main: Document
let admin: Document
let adminUrl: string
// A suite's own hooks come after those of the file, which among themselves may not.
const readDocuments = async (): Promise<void> => {
  adminUrl = adminUrlOf(server) ?? assert.fail(server.log.join('\n'))
  main = await documentOf(server.url)
  admin = await documentOf(adminUrl)
}

suite('/openapi.json', () => {
  before(readDocuments)

  test('is valid OpenAPI 3.1, on either port', async () => {
    for (const document of [main, admin]) {
      assert.match(document.openapi, /^3\.1\./)
      assert.deepEqual(await new Validator().validate({ ...document }), { valid: true })
    }
  })

  test('has every address that GET / names, and those of administration', async () => {
    const { endpoints } = await (await fetch(server.url)).json() as { endpoints: string[] }
    const named = endpoints.map((endpoint) => endpoint.replace('NAME', '{name}').split(' ') as [string, string])
    for (const [method, path] of named.filter(([, path]) => path !== '/docs')) {
      assert.ok(main.paths[path]?.[method.toLowerCase()] !== undefined, `${method} ${path}`)
    }
    const ofAdmin = ['/admin/log-level', '/admin/reload', '/livez', '/metrics', '/openapi.json', '/readyz']
    assert.deepEqual(Object.keys(admin.paths).sort(), ofAdmin)
  })

  test('has every error code, each with an example that its schema takes', () => {
    const shown = new Set<string>()
    const codes = new Set<string>()
    for (const { schema, examples } of [main, admin].flatMap(mediaOf)) {
      JSON.stringify(schema, (key, value) => {
        if (key === 'code' && Array.isArray(value?.enum)) (value.enum as string[]).forEach((code) => codes.add(code))
        return value
      })
      for (const { value } of Object.values(examples ?? {})) {
        assertValid(schema, value)
        if (typeof value === 'object' && value !== null && 'code' in value) shown.add(String(value.code))
      }
    }
    assert.deepEqual(Object.keys(ERRORS).filter((code) => !codes.has(code)), [])
    assert.deepEqual(Object.keys(ERRORS).filter((code) => !shown.has(code)), [])
  })

  test('has words and an example for each parameter', () => {
    const parameters = [main, admin].flatMap(operationsOf).flatMap((operation) => operation.parameters ?? [])
    assert.ok(parameters.length > 10)
    for (const { name, description, schema, example } of parameters) {
      assert.ok((description ?? '').length > 0 && example !== undefined, name)
      assertValid(schema, example)
    }
  })

  test('says what each operation is for, and describes each of its replies', () => {
    for (const operation of [main, admin].flatMap(operationsOf)) {
      assert.ok((operation.summary ?? '').length > 0)
      for (const { description } of Object.values(operation.responses)) assert.ok(description.length > 0)
    }
  })
})

suite('real replies are as /openapi.json says', () => {
  before(readDocuments)

  const cases: readonly Case[] = [
    [200, '/classify', '', JPEG],
    [200, '/classify', '?explain=true&topK=10', JPEG],
    [200, '/classify', '?explain=true', { ...JPEG, headers: { ...JPEG.headers, accept: 'image/png' } }],
    [200, '/classify', '', json({ images: [BASE64, 'AAAA'] })],
    [200, '/classify', '?listErrors=true', json({ images: ['AAAA'] })],
    [400, '/classify', '?topK=0', JPEG],
    [400, '/classify', '', { method: 'POST' }],
    [400, '/classify', '', { ...JPEG, headers: { ...JPEG.headers, 'x-request-timeout-ms': 'soon' } }],
    [405, '/classify', '', { method: 'PUT' }],
    [406, '/classify', '?explain=true', json({ images: [BASE64, BASE64] }, 'image/png')],
    [413, '/classify', '', json({ images: [BASE64, BASE64, BASE64] })],
    [413, '/embed', '', { ...JPEG, body: new Uint8Array(200_001) }],
    [415, '/classify', '', { ...JPEG, headers: { 'content-type': 'text/plain' } }],
    [415, '/embed', '', { ...JPEG, body: '%PDF-1.7' }],
    [422, '/embed', '', { ...JPEG, body: new Uint8Array(CAT.subarray(0, 5000)) }],
    [200, '/embed', '?normalize=true', json({ images: [BASE64, 'AAAA'] })],
    [400, '/embed', '?normalize=1', JPEG],
    [200, '/', ''],
    [200, '/', '', { headers: { accept: 'text/html' } }],
    [200, '/livez', ''],
    [200, '/readyz', ''],
    [200, '/openapi.json', ''],
    [200, '/v2', ''],
    [200, '/v2/health/live', ''],
    [200, '/v2/health/ready', ''],
    ...ofVersions('/v2/models/{name}').flatMap((model): Case[] => [
      [200, model, ''],
      [200, `${model}/ready`, ''],
      [200, `${model}/infer`, '', json(INFER)],
      [200, `${model}/infer`, '', json({ ...INFER, id: 'mine', parameters: { binary_data_output: true } })],
      [400, `${model}/infer`, '', json({ inputs: [] })]
    ]),
    ...ofVersions('/v1/models/{name}').flatMap((model): Case[] => [
      [200, model, ''],
      [200, `${model}/metadata`, ''],
      [200, `${model}:predict`, '', json({ instances: [{ b64: BASE64 }] })],
      [200, `${model}:predict`, '', json({ inputs: { image: [{ b64: BASE64 }] } })],
      [400, `${model}:predict`, '', json({})]
    ])
  ]
  const answered = new Set<string>()
  for (const [status, path, query, init] of cases) {
    const method = init?.method ?? 'GET'
    test(`${status} ${method} ${path}${query} ${init?.body === undefined ? '' : 'with a body'}`, async () => {
      const address = path.replace('{name}', 'xception-cifar10').replace('{version}', '1')
      const response = await fetch(`${server.url}${address}${query}`, init)
      assert.equal(response.status, status)
      if (response.ok) answered.add(`${method} ${path}`)
      await assertDescribed(main, path, response)
    })
  }

  test('of administration', async () => {
    for (const [method, path, body] of [
      ['GET', '/livez'], ['GET', '/readyz'], ['GET', '/metrics'], ['POST', '/admin/reload'], ['GET', '/admin/log-level'],
      ['PUT', '/admin/log-level', '{"level":"error"}'], ['PUT', '/admin/log-level', ''], ['DELETE', '/admin/log-level'],
      ['GET', '/openapi.json']
    ] as const) {
      const response = await fetch(`${adminUrl}${path}`, { method, ...body === undefined ? {} : { body } })
      assert.equal(response.status, body === '' ? 400 : 200)
      if (response.ok) answered.add(`${method} ${path}`)
      await assertDescribed(admin, path, response, method)
    }
  })

  test('of every operation that they have', () => {
    const operations = [main, admin].flatMap(({ paths }) => Object.entries(paths).flatMap(([path, methods]) => (
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    )))
    assert.deepEqual([...answered].sort(), [...new Set(operations)].sort())
  })

  test('of a reload that is refused while the service drains', async (t) => {
    const draining = await openApp(t)
    draining.slot.drain()
    assert.equal((await draining.fetchAdmin('/readyz')).status, 503)
    const response = await draining.fetchAdmin('/admin/reload', { method: 'POST' })
    const { code } = await response.clone().json() as { code: string }
    assert.deepEqual([response.status, code], [503, 'reload_refused'])
    await assertShown(admin, '/admin/reload', response)
    await assertDescribed(admin, '/admin/reload', response)
  })
})

suite('what is refused says the sentence that /openapi.json shows for it', () => {
  before(readDocuments)

  const large = sharp({ create: { width: 1001, height: 1000, channels: 3, background: 'black' } }).png().toBuffer()
  const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heicmif1', 'latin1')
  const cases: Readonly<Record<string, readonly [path: string, init: RequestInit | (() => Promise<RequestInit>), query?: string]>> = {
    malformed_body: ['/classify', json({ images: [1] })],
    invalid_tensor: ['/v1/models/{name}:predict', json({ signature_name: 'classify', instances: [{ b64: BASE64 }] })],
    no_image: ['/classify', { method: 'POST' }],
    invalid_query: ['/classify', JPEG, '?topK=0'],
    crop_outside_image: ['/classify', JPEG, '?crop=5000,0,10,10'],
    invalid_header: ['/classify', { ...JPEG, headers: { ...JPEG.headers, 'x-request-timeout-ms': 'soon' } }],
    model_not_found: ['/v2/models/{name}', {}],
    method_not_allowed: ['/classify', { method: 'PUT' }],
    not_acceptable: ['/classify', json({ images: [BASE64, BASE64] }, 'image/png'), '?explain=true'],
    image_too_large: ['/embed', { ...JPEG, body: new Uint8Array(200_001) }],
    image_too_many_pixels: ['/classify', async () => ({ ...JPEG, body: new Uint8Array(await large) })],
    request_too_large: ['/classify', json({ images: ['A'.repeat(1_000_000)] })],
    too_many_images: ['/classify', json({ images: [BASE64, BASE64, BASE64] })],
    unsupported_media_type: ['/classify', { ...JPEG, headers: { 'content-type': 'text/plain' } }],
    unsupported_content_encoding: ['/classify', { ...JPEG, headers: { ...JPEG.headers, 'content-encoding': 'lzma' } }],
    unsupported_image_format: ['/classify', { ...JPEG, body: '<svg></svg>' }],
    heic_not_supported: ['/classify', { ...JPEG, body: new Uint8Array(heic) }],
    undecodable_image: ['/classify', { ...JPEG, body: new Uint8Array(CAT.subarray(0, 5000)) }],
    headers_too_large: ['/readyz', { headers: { 'x-long': 'a'.repeat(20_000) } }]
  }
  for (const [code, [path, init, query = '']] of Object.entries(cases)) {
    test(code, async () => {
      const address = path.replace('{name}', code === 'model_not_found' ? 'resnet' : 'xception-cifar10')
      const response = await fetch(`${server.url}${address}${query}`, typeof init === 'function' ? await init() : init)
      assert.equal(await assertShown(main, path, response), code)
    })
  }

  test('shutting_down', async (t) => {
    const closed = await openApp(t)
    closed.slot.close()
    assert.equal(await assertShown(main, '/classify', await closed.fetch('/classify', JPEG)), 'shutting_down')
  })

  test('decode_timeout', async (t) => {
    const impatient = await openApp(t, { DECODE_TIMEOUT_MS: '1' })
    const picture = sharp({ create: { width: 3000, height: 3000, channels: 3, background: 'black' } })
    const body = await picture.jpeg({ progressive: true }).toBuffer()
    const response = await impatient.fetch('/classify', { ...JPEG, body: new Uint8Array(body) })
    assert.equal(await assertShown(main, '/classify', response), 'decode_timeout')
  })
})

test('/docs needs nothing from elsewhere, and no script of its own within the page', async () => {
  await readDocuments()
  const response = await fetch(`${server.url}/docs`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self'; style-src 'self'; /)
  const html = await response.text()
  assert.doesNotMatch(html, /https?:\/\/|<script(?![^>]*src=)|<style| style=| on[a-z]+=/)
  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '')
  assert.ok(files.length >= 5)
  for (const file of files) {
    assert.doesNotMatch(file, /^\//)
    const response = await fetch(new URL(file, `${server.url}/docs`))
    assert.equal(response.status, 200, file)
    // A reply that nobody reads would hold up the server's end.
    await response.arrayBuffer()
  }
  assert.match(await (await fetch(`${server.url}/docs/static/swagger-initializer.js`)).text(), /\/openapi\.json/)
  for (const [path, location] of [['/docs/static/index.html', '../'], ['/docs/?a=b', './']] as const) {
    const { status, headers } = await fetch(server.url + path, { redirect: 'manual' })
    assert.deepEqual([status, headers.get('location')], [302, location])
  }
  assert.deepEqual((main as { servers?: unknown }).servers, [{ url: '.' }])
})
