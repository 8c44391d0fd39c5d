import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { OperatorError } from '../../src/base/errors.js'
import { CAT } from '../support/cat.js'
import { openApp, suiteApp, type App } from '../support/app.js'
import { startServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const newKey = (): string => randomBytes(24).toString('base64url')
const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex')
const line = (name: string, key: string): string => `${name} ${sha256(key)}\n`
const CHALLENGE = 'Bearer realm="xception-serve"'
const REFUSAL = `${CHALLENGE}, error="invalid_token"`

const folder = tempFolder()

function classify (server: App, headers: Record<string, string> = {}): Promise<Response> {
  return server.fetch('/classify', { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg', ...headers } })
}

/** Waits for a line of the log. */
async function logged ({ log }: App, what: RegExp, times = 1): Promise<void> {
  const found = (): number => log.filter((text) => what.test(text)).length
  await until(() => `${times} of ${String(what)} in the log: ${log.join('\n')}`, () => found() >= times)
}

suite('API_KEYS_FILE', () => {
  const [anna, annaNext, ben] = [newKey(), newKey(), newKey()]
  const path = join(folder, 'keys')
  writeFileSync(path, `# who may classify\n\n${line('anna', anna)}${line('anna', annaNext)}  ben-2.x\t${sha256(ben).toUpperCase()}\r\n`)
  const server = suiteApp({ API_KEYS_FILE: path })

  for (const [name, headers] of [
    ['as a bearer token', { authorization: `Bearer ${anna}` }],
    ['whose scheme is written otherwise', { authorization: `bearer  ${annaNext}` }],
    ['in the header of its own', { 'x-api-key': ben }],
    ['in the header of its own, beside what a gateway wants', { 'x-api-key': ben, authorization: 'Basic Z2F0ZTp3YXk=' }]
  ] as const) {
    test(`a key ${name} is taken`, async () => {
      assert.equal((await classify(server, headers)).status, 200)
    })
  }

  for (const [name, headers, challenge] of [
    ['no key', {}, CHALLENGE],
    ['another scheme', { authorization: `Basic ${btoa(`anna:${anna}`)}` }, CHALLENGE],
    ['a wrong key', { authorization: `Bearer ${newKey()}` }, REFUSAL],
    ['an empty key', { 'x-api-key': '' }, REFUSAL],
    ['a key with something behind it', { 'x-api-key': `${anna}x` }, REFUSAL],
    ['the hash in place of the key', { 'x-api-key': sha256(anna) }, REFUSAL],
    ['a name in place of the key', { 'x-api-key': 'anna' }, REFUSAL]
  ] as const) {
    test(`${name} is refused`, async () => {
      const response = await classify(server, headers)
      assert.deepEqual([response.status, response.headers.get('www-authenticate')], [401, challenge])
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal((await response.json() as { code: string }).code, 'unauthorized')
    })
  }

  for (const path of ['/livez', '/readyz', '/', '/?a=b']) {
    test(`GET ${path} needs none`, async () => {
      assert.equal((await server.fetch(path)).status, 200)
      assert.equal((await server.fetch(path, { method: 'HEAD' })).status, 200)
    })
  }

  for (const path of ['/metrics', '/nothing', '/livez/../metrics', '//', '/LIVEZ', '/livez/']) {
    test(`GET ${path} needs one`, async () => {
      assert.equal((await server.fetch(path)).status, 401)
    })
  }

  test('metrics and log say whose a request was, and keys are in neither', async () => {
    const id = 'request-of-ben'
    const statuses = await Promise.all([{ 'x-api-key': ben, 'x-request-id': id }, { 'x-api-key': anna }, {}].map(async (headers) => (
      (await fetch(`${server.url}/classify`, { method: 'POST', body: CAT, headers })).status
    )))
    assert.deepEqual(statuses, [200, 200, 401])
    await logged(server, new RegExp(id))
    const ofBen = server.log.find((text) => text.includes(id)) ?? '{}'
    assert.equal((JSON.parse(ofBen) as { keyName?: string }).keyName, 'ben-2.x')

    const metrics = await (await server.fetch('/metrics', { headers: { 'x-api-key': anna } })).text()
    assert.match(metrics, /^xception_requests_by_key_total\{key="anna",status="200"\} [1-9]/m)
    assert.match(metrics, /^xception_requests_by_key_total\{key="ben-2.x",status="200"\} [1-9]/m)
    assert.match(metrics, /^xception_requests_by_key_total\{key="",status="401"\} [1-9]/m)
    const written = server.log.join('\n') + metrics
    for (const secret of [anna, annaNext, ben]) {
      assert.ok(!written.includes(secret) && !written.includes(sha256(secret)))
    }
  })
})

test('the file is read again when it changes, and a broken one keeps the old keys and says why', async (t) => {
  const [first, second] = [newKey(), newKey()]
  // As Kubernetes mounts a Secret: a link to a folder is swapped.
  const write = (revision: string, text: string): void => {
    const file = join(folder, `secret-${revision}`)
    writeFileSync(file, text)
    symlinkSync(file, join(folder, 'link.new'))
    renameSync(join(folder, 'link.new'), join(folder, 'link'))
  }
  write('1', line('first', first))
  const server = await openApp(t, { API_KEYS_FILE: join(folder, 'link') })
  const statuses = async (): Promise<number[]> => {
    const responses = await Promise.all([first, second].map((key) => classify(server, { 'x-api-key': key })))
    return responses.map(({ status }) => status)
  }
  assert.deepEqual(await statuses(), [200, 401])

  write('2', line('second', second))
  await logged(server, /the API keys were read again/)
  assert.deepEqual(await statuses(), [401, 200])

  write('3', `${line('first', first)}third ${first}\n`)
  await logged(server, /the API keys stay as they were: API_KEYS_FILE=\S+, line 2: /)
  assert.deepEqual(await statuses(), [401, 200])

  rmSync(join(folder, 'link'))
  await logged(server, /the API keys stay as they were: API_KEYS_FILE=\S+ cannot be read: ENOENT/)
  assert.deepEqual(await statuses(), [401, 200])

  write('4', line('first', first) + line('second', second))
  await logged(server, /the API keys were read again/, 2)
  assert.deepEqual(await statuses(), [200, 200])
  // The broken line held a key in clear.
  assert.ok(!server.log.join('\n').includes(first))
})

suite('a file that is broken at the start is told in one sentence', () => {
  const key = newKey()
  for (const [name, text, sentence] of [
    ['a key in clear', `anna ${key}\n`, /line 1: a line is a name/],
    ['a hash without a name', line('', key).trimStart(), /line 1: a line is a name/],
    ['the same key twice', `# keys\n${line('anna', key)}${line('ben', key)}`, /line 3: its key stands in line 2 already/],
    ['nothing but comments', '# none yet\n', /holds no key/],
    ['too many keys', Array.from({ length: 1001 }, (_, index) => line('k', String(index))).join(''), /holds 1001 keys: at most 1000/],
    ['no file', undefined, /cannot be read: ENOENT/]
  ] as const) {
    test(name, async (t) => {
      const path = join(folder, name.replaceAll(' ', '-'))
      if (text !== undefined) writeFileSync(path, text)
      await assert.rejects(openApp(t, { API_KEYS_FILE: path }), (error: Error) => {
        assert.ok(error instanceof OperatorError, 'the operator can mend it')
        assert.match(error.message, sentence)
        assert.ok(error.message.includes(path))
        assert.ok(!error.message.includes(key))
        return true
      })
    })
  }

  test('and ends the start', async (t) => {
    const path = join(folder, 'nowhere')
    await assert.rejects(startServer(t, { API_KEYS_FILE: path }), ({ message }: Error) => {
      assert.match(message, /"msg":"API_KEYS_FILE=\S+nowhere cannot be read: ENOENT/)
      assert.ok(!message.includes('"stack"'), 'the operator can mend it')
      return true
    })
  })
})
