import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { packagePath } from '../../src/base/package-root.js'
import { chooseKernels } from '../../src/engine/kernels.js'

const elsewhere = process.platform === 'linux' ? false : 'there are kernels on Linux only'

test('the kernels agree with sums in double precision, and sanitizers and warnings find nothing', { skip: elsewhere }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [packagePath('scripts/check-kernels.mjs')])
  assert.match(stdout, /^each task was done once$/m)
  for (const tiled of ['plain_bfloat16 dense', 'plain_bfloat16', 'plain_int8_float32', 'plain_int8_bfloat16']) {
    assert.match(stdout, new RegExp(`^${tiled}: largest error`, 'm'), 'what multiplies in tiles runs on every CPU, on plain ones')
  }
  for (const products of ['float32', 'bfloat16', 'int8'] as const) {
    const name = chooseKernels(products, 'cpu').replace(/_.*/, '')
    if (name !== 'tensorflow') assert.match(stdout, new RegExp(`^${name}_${products}.*: largest error`, 'm'))
  }
})
