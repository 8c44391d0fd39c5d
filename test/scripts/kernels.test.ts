import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { packagePath } from '../../src/base/package-root.js'
import { kernelsFor, cpuFlags } from '../../src/engine/kernels.js'

const elsewhere = process.platform === 'linux' && process.arch === 'x64' ? false : 'there are kernels for x86-64 on Linux only'

test('the kernels agree with sums in double precision, and sanitizers find nothing', { skip: elsewhere }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [packagePath('scripts/check-kernels.mjs')])
  for (const products of ['float32', 'bfloat16', 'int8'] as const) {
    const name = kernelsFor(products, cpuFlags())
    const kind = products === 'int8' ? ' int8 in float32' : ''
    if (name !== 'tensorflow') assert.match(stdout, new RegExp(`^${name}${kind}: largest error`, 'm'))
  }
})
