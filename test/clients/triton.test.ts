import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { serving } from '../support/answers.js'
import { CAT, classified } from '../support/tensors.js'

const SCRIPT = fileURLToPath(new URL('../../../test/clients/triton.py', import.meta.url))
const PHOTO = fileURLToPath(new URL('../../../docs/cat.jpg', import.meta.url))
const CLIENT_TIMEOUT_MS = 5 * 60 * 1000

interface Seen {
  readonly ready: readonly boolean[]
  readonly server: string
  readonly inputs: readonly string[]
  readonly image: number[][]
  readonly image_by_default: number[][]
  readonly image_compressed: number[][][]
  readonly pixels: number[][][]
  readonly id: string
  readonly labels: readonly string[]
  readonly shapes: readonly number[][]
  readonly unknown_model: readonly [status: string, message: string]
  readonly wrong_shape: readonly [status: string, message: string]
  readonly no_config: readonly [status: string, message: string]
}

function isInstalled (): boolean {
  try {
    execFileSync('python3', ['-c', 'import numpy, tritonclient.http'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

suite('Triton\'s own client', { skip: isInstalled() ? false : 'tritonclient[http] and numpy are not installed' }, () => {
  test('works as it is', async () => {
    await serving({}, async ({ url }) => {
      const { stdout } = await promisify(execFile)('python3', [SCRIPT, url, PHOTO], { timeout: CLIENT_TIMEOUT_MS })
      const seen = JSON.parse(stdout) as Seen
      assert.deepEqual(seen.ready, [true, true, true, false])
      assert.equal(seen.server, 'xception-serve')
      assert.deepEqual(seen.inputs, ['image', 'pixels'])
      const expected = await classified(url, [CAT])
      for (const found of [seen.image, seen.image_by_default, ...seen.image_compressed]) assert.deepEqual(found, expected)
      const [first = [], ...others] = seen.pixels
      assert.deepEqual([first.length, first[0]?.length, others.length], [2, 10, 7])
      for (const other of others) {
        other.flat().forEach((value, index) => { assert.ok(Math.abs(value - (first.flat()[index] ?? NaN)) < 1e-6) })
      }
      assert.equal(seen.id, 'mine')
      assert.match(seen.labels[0] ?? '', /^0\.91\d*:3:cat$/)
      assert.deepEqual(seen.shapes, [[1, 512], [1, 4, 4, 512]])
      assert.equal(seen.unknown_model[0], '404')
      assert.match(seen.unknown_model[1], /"other"/)
      assert.equal(seen.wrong_shape[0], '400')
      assert.match(seen.wrong_shape[1], /\[N, 32, 32, 3\]/)
      assert.equal(seen.no_config[0], '404')
    })
  })
})
