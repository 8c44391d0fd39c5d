import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CAT } from '../support/cat.js'
import { childOf } from '../support/child.js'
import { processGroup, withoutProcessGroups } from '../support/control-groups.js'
import { freePort } from '../support/free-port.js'
import { startServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

/* What the system refuses is said in one sentence that blames the right thing, and costs no more than it has to. */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const KERAS_FILE = fileURLToPath(new URL('../../../test/fixtures/keras/keras3-zoo.keras.gz', import.meta.url))
const CAN_MOUNT = canMount()
const NEEDS_MOUNT = { skip: CAN_MOUNT ? false : 'it mounts file systems, which takes root' }

function canMount (): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

/** A file system of its own, which goes with the test. */
function mounted (t: TestContext, options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'xception-limits-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  t.after(() => {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  if (options !== '') execFileSync('mount', ['-o', `remount,${options}`, folder])
  return folder
}

/** What a start says that fails, given before by a shell's command such as `ulimit -n 64`. */
async function failedStart (t: TestContext, env: Record<string, string>, before = 'true'): Promise<string> {
  const settings = { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env }
  const command = ['-c', `${before}; exec "$0" "$1"`, process.execPath, MAIN]
  const child = childOf(t, spawn('bash', command, { env: settings, stdio: ['ignore', 'pipe', 'pipe'] }))
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output.push(chunk.toString()) })
  assert.deepEqual(await once(child, 'close'), [1, null])
  const text = output.join('')
  assert.doesNotMatch(text, /\n +at |"stack"/, 'a sentence, and no stack')
  return text
}

suite('a start says what the system refuses', () => {
  test('a cache on a full disk', NEEDS_MOUNT, async (t) => {
    const folder = mounted(t, '')
    const text = await failedStart(t, { KERNELS: 'tensorflow', MODEL_CACHE_DIR: folder })
    const sentence = `MODEL_CACHE_DIR=${folder} does not hold this model compiled, and its disk is full (ENOSPC): free some space`
    assert.ok(text.includes(sentence), text)
  })

  test('a cache on a read-only file system', NEEDS_MOUNT, async (t) => {
    const folder = mounted(t, 'ro')
    const text = await failedStart(t, { KERNELS: 'tensorflow', MODEL_CACHE_DIR: join(folder, 'cache') })
    assert.ok(text.includes('does not hold this model compiled, and cannot be written (EROFS): mount a writable folder there'), text)
  })

  for (const [name, options, blamed] of [['full', '', 'is full (ENOSPC)'], ['read-only', 'ro', 'cannot be written (EROFS)']] as const) {
    test(`a ${name} folder for temporary files, and not the model's file`, NEEDS_MOUNT, async (t) => {
      const folder = mounted(t, options)
      const MODEL = join(tempFolder(t), 'model.keras')
      writeFileSync(MODEL, execFileSync('gzip', ['-dc', KERAS_FILE]))
      const text = await failedStart(t, { MODEL, TMPDIR: folder })
      assert.ok(text.includes(`The folder for temporary files, ${folder}, ${blamed}`), text)
      assert.ok(!text.includes(MODEL), text)
    })
  }

  test('a model that may not be read', { skip: CAN_MOUNT ? false : 'it takes another user, which takes root' }, async (t) => {
    const folder = tempFolder(t)
    const MODEL = join(folder, 'model.keras')
    writeFileSync(MODEL, execFileSync('gzip', ['-dc', KERAS_FILE]), { mode: 0o000 })
    // Root reads everything but what it has no capability to read.
    const text = await failedStart(t, { MODEL }, 'exec setpriv --bounding-set -dac_override,-dac_read_search -- "$0" "$1"')
    assert.ok(text.includes(`${MODEL} cannot be read by this process (EACCES): check its permissions`), text)
  })

  test('no file descriptors', async (t) => {
    const text = await failedStart(t, {}, 'ulimit -n 64')
    assert.match(text, /^This process may have 64 file descriptors, and its start takes \d+: raise the limit \(ulimit -n\)/m)
  })
})

suite('while it serves', () => {
  test('a log that cannot be written costs its lines, and is counted', async (t) => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    // Its standard output is a device that is always full.
    const full = openSync('/dev/full', 'w')
    t.after(() => { closeSync(full) })
    const child = childOf(t, spawn(process.execPath, [MAIN], {
      env: { ...process.env, HOST: '127.0.0.1', PORT: String(port), DRAIN_DELAY_MS: '0' }, stdio: ['ignore', full, 'ignore']
    }))
    const exit = once(child, 'exit')
    await until('a server that is ready', async () => {
      assert.equal(child.exitCode, null)
      return (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200
    })
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^xception_log_lines_lost_total [1-9]/m)
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [0, null])
  })

  test('more connections than descriptors are closed, and probes are answered', async (t) => {
    const server = await startServer(t, {}, ['bash', '-c', 'ulimit -n 400; exec "$0" "$1"', process.execPath, MAIN])
    assert.ok(server.log.some((line) => line.includes('MAX_CONNECTIONS=1024 is more than the 400 file descriptors')))
    const { port } = new URL(server.url)
    const sockets = await Promise.all(Array.from({ length: 500 }, async () => {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      return socket
    }))
    await until('200 sockets that are closed', () => sockets.filter((socket) => socket.closed).length >= 200)
    const [first, ...others] = sockets.filter((socket) => !socket.closed)
    assert.ok(first !== undefined)
    first.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
    assert.match(String((await once(first, 'data') as [Buffer])[0]), /^HTTP\/1\.1 200 /)
    for (const socket of [first, ...others]) socket.destroy()
    assert.equal(await server.stop(), 0)
  })

  test('a model whose file is overwritten serves on, and a reload of a broken one is refused', async (t) => {
    const folder = tempFolder(t)
    const bundled = fileURLToPath(new URL('../../../models/xception-cifar10/', import.meta.url))
    const MODEL = join(folder, 'model')
    mkdirSync(MODEL)
    for (const file of ['model.json', 'weights.safetensors']) copyFileSync(join(bundled, file), join(MODEL, file))
    const server = await startServer(t, { MODEL, ADMIN_PORT: '0' })
    const admin = /administration at (http:\S+?)"/.exec(server.log.join('\n'))?.[1] ?? ''
    writeFileSync(join(MODEL, 'weights.safetensors'), 'half of a new mod')
    const refused = await fetch(`${admin}/admin/reload`, { method: 'POST' })
    assert.equal(refused.status, 500)
    const { code, detail } = await refused.json() as { code: string, detail: string }
    assert.equal(code, 'reload_failed')
    assert.ok(detail.includes(join(MODEL, 'weights.safetensors')), detail)
    const headers = { 'content-type': 'image/jpeg' }
    assert.equal((await fetch(`${server.url}/classify`, { method: 'POST', body: CAT, headers })).status, 200)
    assert.equal(await server.stop(), 0)
  })
})

test('no threads for the engine end the start in a sentence, and leave no process behind', { skip: withoutProcessGroups }, async (t) => {
  // By now the model is compiled: the engine's process is the only one that is started.
  const program = "import 'node:fs/promises'; console.log(/Threads:\\s*(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1])"
  const threads = Number(execFileSync(process.execPath, ['--input-type=module', '-e', `import fs from 'node:fs'; ${program}`]))
  // Enough for two processes of Node, and too few for TensorFlow in one of them.
  const group = processGroup(t, 2 * threads + 2)
  const text = await failedStart(t, {}, group.enter)
  assert.match(text, /"msg":"The [^"]*(?:start|begin|threads)[^"]*raise the limit on processes and threads/)
  assert.deepEqual(group.members(), [])
})
