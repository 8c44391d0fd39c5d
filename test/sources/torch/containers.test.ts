import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packagePath } from '../../../src/base/package-root.js'
import { readAll } from '../files/support.js'

/* Files that torch.save wrote (scripts/torch-fixtures/containers.py), in both containers. */

const fixture = (name: string): string => packagePath(`test/fixtures/torch/containers/${name}.pth`)
const range = (length: number, of: (index: number) => number): number[] => Array.from({ length }, (_, index) => of(index))

const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  'float32 [2, 3, 4]': range(24, (index) => index / 8),
  'float16 [24]': range(24, (index) => index / 8),
  'bfloat16 [24]': range(24, (index) => index),
  'float64 [24]': range(24, (index) => Math.fround(index / 3)),
  'int64 []': [7],
  'transposed [6, 4]': range(24, (index) => index % 4 * 6 + Math.floor(index / 4)),
  'part [4]': [5, 6, 7, 8],
  'channels_last [1, 2, 3, 4]': range(24, (index) => index),
  'parameter [2]': [0, 1],
  'empty [0]': []
}

for (const name of ['weights.zip', 'weights.stream', 'weights.protocol4']) {
  test(`${name}: numbers of each kind, whatever their strides, offsets and storages`, async () => {
    const { kind, weights } = await readAll(fixture(name))
    assert.equal(kind, 'torch')
    assert.deepEqual(Object.fromEntries(weights), Object.fromEntries(Object.entries(WEIGHTS).map(([key, value]) => [`: ${key}`, value])))
  })
}

for (const container of ['zip', 'stream']) {
  test(`checkpoint.${container}: its state dictionary alone, whatever stands beside it`, async () => {
    const { weights } = await readAll(fixture(`checkpoint.${container}`))
    assert.deepEqual(weights, [
      [': model.first.weight [3]', [0, 1, 2]], [': model.first.seen []', [7]],
      [': model.second.weight [3]', [1, 2, 3]], [': model.second.seen []', [7]]
    ])
  })

  test(`module.${container}: parameters, buffers and modules of a module that was pickled whole`, async () => {
    const { weights, moduleClass } = await readAll(fixture(`module.${container}`))
    assert.match(moduleClass ?? '', /\.Network$/)
    assert.deepEqual(weights.map(([name]) => name), [
      ': first.weight [3]', ': first.seen []', ': second.weight [3]', ': second.seen []'
    ])
  })
}
