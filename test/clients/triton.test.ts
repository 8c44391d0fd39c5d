import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { serving } from '../support/answers.js'
import { runClient, withoutModules } from '../support/python-client.js'
import { CAT, classified } from '../support/tensors.js'

const PHOTO = fileURLToPath(new URL('../../../docs/cat.jpg', import.meta.url))

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

suite('Triton\'s own client', { skip: withoutModules('numpy', 'tritonclient.http') }, () => {
  test('works as it is', async () => {
    await serving({}, async ({ url }) => {
      const seen = await runClient('triton', url, PHOTO) as Seen
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
