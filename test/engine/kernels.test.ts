import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { chooseKernels, kernelsAddon, targetOf } from '../../src/engine/kernels.js'

suite('kernels', () => {
  const without = kernelsAddon() === undefined ? 'the set-up compiled none' : false

  // What other CPUs get, the program says that checks the kernels.
  test('are those of the instructions that the CPU has, as Linux says it', { skip: without }, () => {
    const has = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '))
    const first = (kernels: Record<string, string>): string =>
      Object.entries(kernels).find(([, flags]) => flags.split(' ').every((flag) => has.has(flag)))?.[0] ?? 'tensorflow'
    assert.equal(chooseKernels('float32', 'cpu'), first({ avx512: 'avx512f', avx2: 'avx2 fma', neon: 'asimd' }))
    assert.equal(chooseKernels('bfloat16', 'cpu'), first({ avx512_bf16: 'avx512_bf16', neon_bfmmla: 'bf16' }))
    const int8 = { avx512_vnni: 'avx512_vnni', avx2: 'avx2 fma', neon_usmmla: 'i8mm', neon_sdot: 'asimddp' }
    assert.equal(chooseKernels('int8', 'cpu'), first(int8))
  })

  test('are never ours on a GPU', () => {
    assert.equal(chooseKernels('float32', 'gpu'), 'tensorflow')
  })

  test('are TensorFlow\'s where the addon was not compiled', () => {
    if (kernelsAddon() === undefined) assert.equal(chooseKernels('float32', 'cpu'), 'tensorflow')
    assert.deepEqual(targetOf('float32', 'tensorflow'), { precision: 'float32', ownKernels: false })
    assert.deepEqual(targetOf('bfloat16', 'avx512_bf16'), { precision: 'bfloat16', ownKernels: true })
  })
})
