import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hashFile } from '../../src/base/hash.js'
import { CAT, CAT_PATH } from '../support/cat.js'
import { childOf } from '../support/child.js'
import { freePort } from '../support/free-port.js'
import { tempFolder } from '../support/temp-folder.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const XCEPTION = [process.execPath, join(ROOT, 'bin/xception.cjs')]
const START = [process.execPath, join(ROOT, 'scripts/start.mjs')]
/** What a shell says of a program that SIGPIPE ended. */
const ENDED_BY_SIGPIPE = 141

interface Outcome { readonly status: number | null, readonly stdout: string, readonly stderr: string }

/** Runs a bash script to which a command is given as its arguments. */
function bash (script: string, command: readonly string[], env: Record<string, string> = {}): Outcome {
  const environment = { ...process.env, BACKEND: 'cpu', ...env }
  return spawnSync('bash', ['-c', script, 'bash', ...command], { cwd: ROOT, encoding: 'utf8', env: environment })
}

/** Standard output is a pipe whose reader has ended before the command begins. */
const readByNobody = (command: readonly string[], env: Record<string, string> = {}): Outcome =>
  bash('exec 4> >(true); wait $!; exec "$@" >&4', command, env)

const folder = tempFolder()
mkdirSync(join(folder, 'imagenet'))

suite('a command ends without a word when nobody reads what it prints', () => {
  for (const [name, command] of [
    ['describe', [...XCEPTION, 'describe']],
    ['describe --json', [...XCEPTION, 'describe', '--json']],
    ['classify', [...XCEPTION, 'classify', CAT_PATH]],
    ['classify --json of many', [...XCEPTION, 'classify', '--json', CAT_PATH, 'docs/cat.jpg']],
    ['--help', [...XCEPTION, '--help']],
    ['serve --help', [...XCEPTION, 'serve', '--help']],
    ['npm start -- --help', [...START, '--help']]
  ] as const) {
    test(name, () => {
      assertQuietEnd(readByNobody(command))
    })
  }

  test('compile, which says on stderr how long it took', () => {
    const outcome = readByNobody([...XCEPTION, 'compile'], { KERNELS: 'tensorflow', MODEL_CACHE_DIR: join(folder, 'cache') })
    assertQuietEnd(outcome)
    assert.match(outcome.stderr, /xception-cifar10: compiled in \S+ s\n$/)
  })

  test('fetch of what is there already', async () => {
    const weights = join(folder, 'imagenet/weights.h5')
    symlinkSync(CAT_PATH, weights)
    const env = { MODEL_CACHE_DIR: folder, IMAGENET_URL: 'http://127.0.0.1:9/weights.h5', IMAGENET_SHA256: await hashFile(weights) }
    assertQuietEnd(readByNobody([...XCEPTION, 'fetch', 'imagenet'], env))
  })

  test('a sentence about wrong use', () => {
    const { status } = bash('exec 4> >(true); wait $!; exec "$@" 2>&4', [...XCEPTION, 'describe', '--model', 'nothing'])
    assert.ok(status === 2 || status === ENDED_BY_SIGPIPE, `${status}`)
  })
})

test('xception describe | head -n 1', () => {
  const { status, stdout, stderr } = bash('set -o pipefail; "$@" | head -n 1', [...XCEPTION, 'describe'])
  assert.match(stdout, /^xception-cifar10, version \S+: 10 classes, .* multiply-adds an image\n$/)
  assert.equal(stderr, '')
  // The whole of it fits into the pipe, and may be written before its reader ends.
  assert.ok(status === 0 || status === ENDED_BY_SIGPIPE, `${status}`)
})

test('a service whose log nobody reads any more goes on serving', async (t) => {
  const port = String(await freePort())
  const [command = '', ...args] = [...XCEPTION, 'serve', '--port', port]
  const env = { ...process.env, BACKEND: 'cpu', HOST: '127.0.0.1', DRAIN_DELAY_MS: '0' }
  const child = childOf(t, spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] }))
  const exit = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"ready"')) break
  }
  child.stdout.destroy()
  for (let request = 0; request < 2; request++) {
    const { status } = await fetch(`http://127.0.0.1:${port}/classify`, { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } })
    assert.equal(status, 200)
  }
  child.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
})

/** TensorFlow says on stderr what it computes with; what must not be there is the error and its stack. */
function assertQuietEnd ({ status, stderr }: Outcome): void {
  assert.equal(status, ENDED_BY_SIGPIPE)
  assert.doesNotMatch(stderr, /EPIPE|\n +at /)
}
