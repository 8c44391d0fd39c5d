import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chooseKernels, kernelsAddon, kernelsFor, targetOf } from '../../src/engine/kernels.js'

const AVX2 = 'flags : fpu avx2 fma'
const SKYLAKE = `${AVX2} avx512f avx512bw avx512vl`
const ZEN4 = `${SKYLAKE} avx512_bf16`

suite('kernels are those of the instructions that a CPU has', () => {
  test('in float32', () => {
    assert.deepEqual([ZEN4, SKYLAKE, AVX2, 'flags : fpu avx2', ''].map((flags) => kernelsFor('float32', flags)), [
      'avx512', 'avx512', 'avx2', 'tensorflow', 'tensorflow'
    ])
  })

  test('in bfloat16', () => {
    assert.deepEqual([ZEN4, SKYLAKE, AVX2].map((flags) => kernelsFor('bfloat16', flags)), ['avx512_bf16', 'tensorflow', 'tensorflow'])
  })

  test('with products of int8', () => {
    assert.deepEqual([`${SKYLAKE} avx512_vnni`, SKYLAKE, AVX2, 'flags : fpu avx2'].map((flags) => kernelsFor('int8', flags)), [
      'avx512_vnni', 'avx2', 'avx2', 'tensorflow'
    ])
  })

  test('and never on a GPU', () => {
    assert.equal(chooseKernels('float32', 'gpu'), 'tensorflow')
  })

  test('and TensorFlow\'s where the addon was not compiled', () => {
    if (kernelsAddon() === undefined) assert.equal(chooseKernels('float32', 'cpu'), 'tensorflow')
    assert.deepEqual(targetOf('float32', 'tensorflow'), { precision: 'float32', ownKernels: false })
    assert.deepEqual(targetOf('bfloat16', 'avx512_bf16'), { precision: 'bfloat16', ownKernels: true })
  })
})
