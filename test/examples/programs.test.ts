import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { grpcAddress } from '../support/grpc.js'
import { suiteServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { busyFront } from './busy-front.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const TIMEOUT_MS = 5 * 60 * 1000

const NODE = [process.execPath, 'examples/node.mjs']
const REQUESTS = ['python3', 'examples/python_requests.py']
const TRITON = ['python3', 'examples/python_tritonclient.py']
const TRITON_GRPC = ['python3', 'examples/python_tritonclient_grpc.py']
const withoutCurl = without('curl', 'curl', ['--version'])
const withoutRequests = without('requests', 'python3', ['-c', 'import requests'])
const withoutTriton = without('tritonclient[http]', 'python3', ['-c', 'import numpy, tritonclient.http'])
const withoutTritonGrpc = without('tritonclient[grpc]', 'python3', ['-c', 'import numpy, tritonclient.grpc'])

/** For a test's `skip` option: false where the command runs, or the reason. */
function without (name: string, command: string, args: readonly string[]): string | false {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0 ? false : `${name} is not installed`
}

interface Outcome { readonly status: number, readonly stdout: string, readonly stderr: string }

suite('the examples, as they stand', () => {
  const server = suiteServer({ GRPC_PORT: '0' })
  const folder = tempFolder()
  const text = join(folder, 'notes.txt')
  writeFileSync(text, 'no picture')

  async function run ([command = '', ...args]: readonly string[], url = server.url): Promise<Outcome> {
    const env = { ...process.env, XCEPTION_URL: url, XCEPTION_GRPC: grpcAddress(server), TMPDIR: folder }
    return await new Promise((resolve) => {
      execFile(command, args, { cwd: ROOT, env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }

  /** Runs a program through a server that refuses every other request. */
  async function runBusy (command: readonly string[]): Promise<Outcome> {
    const front = await busyFront(server.url)
    try {
      const outcome = await run(command, front.url)
      assert.ok(front.refusals() > 0)
      return outcome
    } finally {
      await front.close()
    }
  }

  async function assertCurl ({ status, stdout, stderr }: Outcome): Promise<void> {
    assert.equal(status, 0, stderr)
    assert.equal(stdout.match(/"results":\[\{"predictions":\[\{"label":"cat"/g)?.length, 3)
    assert.match(stdout, /"results":\[\{"embedding":\[/)
    assert.match(stdout, /"code":"unsupported_image_format"/)
    assert.doesNotMatch(stdout, /queue_full/)
    assert.equal((await sharp(readFileSync(join(folder, 'explanation.png'))).metadata()).format, 'png')
  }

  test('curl.sh', { skip: withoutCurl }, async () => {
    await assertCurl(await run(['examples/curl.sh']))
  })

  test('curl.sh, from a busy service', { skip: withoutCurl }, async () => {
    await assertCurl(await runBusy(['examples/curl.sh', 'docs/cat.jpg']))
  })

  for (const [name, command, skip] of [
    ['node.mjs', NODE, false], ['python_requests.py', REQUESTS, withoutRequests]
  ] as const) {
    test(name, { skip }, async () => {
      const { status, stdout, stderr } = await run(command)
      assert.deepEqual([status, stderr], [0, ''])
      assert.match(stdout, /^docs\/cat\.jpg: cat 91\.3%, \w+ [\d.]+%, \w+ [\d.]+%\n$/)
    })

    test(`${name}, of several images one of which is none`, { skip }, async () => {
      const { status, stdout, stderr } = await run([...command, 'docs/cat.jpg', text, 'docs/cat.jpg'])
      assert.equal(status, 1)
      assert.equal(stdout.match(/^docs\/cat\.jpg: cat /gm)?.length, 2)
      assert.match(stderr, /notes\.txt: unsupported_image_format: /)
    })

    test(`${name}, from a busy service`, { skip }, async () => {
      const { status, stdout, stderr } = await runBusy([...command, ...Array.from({ length: 3 }, () => 'docs/cat.jpg')])
      assert.deepEqual([status, stderr], [0, ''])
      assert.equal(stdout.match(/: cat /g)?.length, 3)
    })
  }

  for (const [name, command, skip, refused] of [
    ['python_tritonclient.py', TRITON, withoutTriton, /^4\d\d: /],
    ['python_tritonclient_grpc.py', TRITON_GRPC, withoutTritonGrpc, /^StatusCode\.INVALID_ARGUMENT: /]
  ] as const) {
    test(name, { skip }, async () => {
      const { status, stdout, stderr } = await run([...command, 'docs/cat.jpg', 'docs/cat.jpg'])
      assert.equal(status, 0, stderr)
      assert.equal(stdout.match(/^docs\/cat\.jpg: 0\.913\d*:3:cat, /gm)?.length, 2)
    })

    test(`${name}, of what is no image`, { skip }, async () => {
      const { status, stderr } = await run([...command, text])
      assert.equal(status, 1)
      assert.match(stderr, refused)
    })
  }
})
