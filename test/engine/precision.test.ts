import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, suite, test } from 'node:test'
import { choosePrecision } from '../../src/engine/precision.js'
import { tempFolder } from '../support/temp-folder.js'

const path = process.env.PATH
const folder = tempFolder()
afterEach(() => { process.env.PATH = path })

/** A driver's tool that says what it is asked about each GPU. */
function pretend (...lines: readonly string[]): void {
  const script = `#!/bin/sh\n[ "$1" = --query-gpu=compute_cap ] && printf '%s\\n' ${lines.join(' ')}\n`
  writeFileSync(join(folder, 'nvidia-smi'), script, { mode: 0o755 })
  process.env.PATH = `${folder}:${path}`
}

suite('PRECISION=auto is bfloat16 only where it is native', () => {
  // Flags of AVX-512 and AMX on x86, and of ARMv8.6.
  test('on a CPU, as Linux says it', { skip: existsSync('/proc/cpuinfo') ? false : 'there is no /proc/cpuinfo' }, () => {
    const isNative = /\b(?:avx512_bf16|amx_bf16|bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
    assert.equal(choosePrecision('auto', 'cpu'), isNative ? 'bfloat16' : 'float32')
  })

  test('on GPUs from Ampere, all of them', () => {
    pretend('8.0', '12.0')
    assert.equal(choosePrecision('auto', 'gpu'), 'bfloat16')
    pretend('8.9', '7.5')
    assert.equal(choosePrecision('auto', 'gpu'), 'float32')
  })

  test('not where no driver answers', () => {
    process.env.PATH = ''
    assert.equal(choosePrecision('auto', 'gpu'), 'float32')
    assert.equal(choosePrecision('bfloat16', 'gpu'), 'bfloat16')
  })
})
