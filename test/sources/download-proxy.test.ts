import assert from 'node:assert/strict'
import { execFileSync, fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Server as AnyServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { childOf } from '../support/child.js'
import { tempFolder } from '../support/temp-folder.js'

/* The hosts below have no address (RFC 2606): only a proxy that goes elsewhere can reach them. */

const PROCESS = fileURLToPath(new URL('../support/download-process.js', import.meta.url))
const FILE = randomBytes(100_000)
const SHA256 = createHash('sha256').update(FILE).digest('hex')
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()])

const folder = tempFolder()
const certificate = join(folder, 'certificate.pem')
const sendFile: RequestListener = (_request, response) => { response.end(FILE) }
const plain = createServer(sendFile)
let tls: AnyServer

async function listen (server: AnyServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

before(async () => {
  const key = join(folder, 'key.pem')
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=weights.invalid',
    '-addext', 'subjectAltName=DNS:weights.invalid', '-keyout', key, '-out', certificate
  ], { stdio: 'pipe' })
  tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, sendFile)
  await listen(plain)
  await listen(tls)
})
after(() => {
  plain.close()
  tls.close()
})

interface Proxy {
  readonly port: number
  /** What was asked of it, and with which credentials. */
  readonly asked: string[]
}

/** A proxy that knows where the two servers are, whatever host is asked for; or refuses everybody with a status. */
async function startProxy (t: TestContext, refusal?: number): Promise<Proxy> {
  const asked: string[] = []
  const note = (what: string, credentials = ''): void => { asked.push(`${what} ${credentials}`.trimEnd()) }
  const server: Server = createServer((incoming, response) => {
    note(`GET ${incoming.url ?? ''}`, incoming.headers['proxy-authorization'])
    request({ port: (plain.address() as AddressInfo).port, host: '127.0.0.1' }, (answer) => { answer.pipe(response) }).end()
  })
  server.on('connect', ({ url = '', headers }, socket) => {
    note(`CONNECT ${url}`, headers['proxy-authorization'])
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`)
      return
    }
    const upstream = connect((tls.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => { socket.destroy() })
    socket.on('error', () => { upstream.destroy() })
  })
  const port = await listen(server)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port, asked }
}

/** Downloads in a process with these variables, and resolves with what it said when it failed. */
async function download (
  t: TestContext, url: string, env: Readonly<Record<string, string>>
): Promise<{ code: number, stderr: string, path: string }> {
  const path = join(folder, randomBytes(8).toString('hex'))
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !PROXY_VARIABLES.includes(name)))
  const environment = { ...clean, NODE_EXTRA_CA_CERTS: certificate, ...env }
  const child = childOf(t, fork(PROCESS, [url, SHA256, path], { env: environment, stdio: 'pipe' }))
  const stderr: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => { stderr.push(chunk) })
  const [code] = await once(child, 'close') as [number]
  return { code, stderr: Buffer.concat(stderr).toString(), path }
}

function assertWhole ({ code, stderr, path }: Awaited<ReturnType<typeof download>>): void {
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(readFileSync(path), FILE)
}

const BASIC = `Basic ${Buffer.from('user:pass word').toString('base64')}`

suite('a download goes through the proxy that the environment names', () => {
  for (const [name, url, variable, asked] of [
    ['HTTPS through a tunnel', 'https://weights.invalid/w.h5', 'HTTPS_PROXY', 'CONNECT weights.invalid:443'],
    ['the same, the variable in lower case', 'https://weights.invalid/w.h5', 'https_proxy', 'CONNECT weights.invalid:443'],
    ['HTTP without one', 'http://weights.invalid/w.h5', 'HTTP_PROXY', 'GET http://weights.invalid/w.h5']
  ] as const) {
    test(name, async (t) => {
      const proxy = await startProxy(t)
      assertWhole(await download(t, url, { [variable]: `http://127.0.0.1:${proxy.port}` }))
      assert.deepEqual(proxy.asked, [asked])
    })
  }

  test('with a user and a password', async (t) => {
    const proxy = await startProxy(t)
    assertWhole(await download(t, 'https://weights.invalid/w.h5', { HTTPS_PROXY: `http://user:pass%20word@127.0.0.1:${proxy.port}` }))
    assert.deepEqual(proxy.asked, [`CONNECT weights.invalid:443 ${BASIC}`])
  })

  test('unless NO_PROXY names the host', async (t) => {
    const proxy = await startProxy(t)
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/w.h5`
    const variables = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
    assertWhole(await download(t, url, { ...variables, NO_PROXY: 'example.org,127.0.0.1' }))
    assert.deepEqual(proxy.asked, [])
    assertWhole(await download(t, url, { ...variables, NO_PROXY: 'example.org' }))
    assert.deepEqual(proxy.asked, [`GET ${url}`])
  })
})

test('a proxy that lets nobody through is asked once, and the sentence says so without its password', async (t) => {
  const proxy = await startProxy(t, 407)
  const env = { HTTPS_PROXY: `http://user:pass%20word@127.0.0.1:${proxy.port}` }
  const { code, stderr } = await download(t, 'https://weights.invalid/w.h5', env)
  assert.equal(code, 1)
  assert.match(stderr, /Error: https:\/\/weights\.invalid\/w\.h5 cannot be downloaded: Proxy response \(407\)/)
  assert.ok(!/pass.?(?:%20)?word/.test(stderr) && !stderr.includes(BASIC))
  assert.equal(proxy.asked.length, 1)
})

test('what is no address of a proxy is refused by a sentence', async (t) => {
  for (const proxy of ['pass word', 'http://user:pass%word@127.0.0.1:1']) {
    const { code, stderr } = await download(t, 'https://weights.invalid/w.h5', { HTTPS_PROXY: proxy })
    assert.equal(code, 1)
    assert.match(stderr, /cannot be downloaded: HTTPS_PROXY or HTTP_PROXY names no proxy \(/)
    assert.doesNotMatch(stderr, /word/)
  }
})
