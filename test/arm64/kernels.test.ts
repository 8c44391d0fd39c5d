import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { packagePath } from '../../src/base/package-root.js'

/** Sources of the kernels that each CPU runs, in the table's order. */
const RUN = {
  max: [
    'neon_float32', 'neon_mmla_bfloat16', 'neon_bfloat16', 'neon_mmla_int8_float32', 'neon_int8_float32', 'neon_int8_dotprod',
    'neon_mmla_int8_bfloat16', 'neon_int8_bfloat16'
  ],
  'neoverse-n1': ['neon_float32', 'neon_int8_dotprod'],
  'cortex-a72': ['neon_float32']
}

const missing = ['aarch64-linux-gnu-g++', 'qemu-aarch64'].find((program) => spawnSync(program, ['--version']).error !== undefined)

test('on Arm\'s CPUs, emulated, those kernels run that the CPU has instructions for, and agree with sums in double precision', {
  skip: missing === undefined ? false : `${missing} is not installed`
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [packagePath('scripts/check-kernels-arm64.mjs')])
  const sections = stdout.split(/^CPU /m).slice(1)
  const found = sections.map((section) => {
    const [cpu, ...lines] = section.split('\n')
    return [cpu, lines.flatMap((line) => /^(\w+): largest error/.exec(line)?.[1] ?? [])]
  })
  assert.deepEqual(Object.fromEntries(found), RUN)
  assert.match(stdout, /^each task was done once$/m)
})
