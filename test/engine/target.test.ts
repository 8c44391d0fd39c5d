import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chooseKernels } from '../../src/engine/kernels.js'
import { choosePrecision } from '../../src/engine/precision.js'
import { chooseComputation, chooseTarget } from '../../src/engine/target.js'

const int8 = chooseKernels('int8', 'cpu')

suite('what a setting of the precision means', () => {
  test('float32 and bfloat16 are what all is computed in', () => {
    for (const precision of ['float32', 'bfloat16'] as const) {
      const kernels = chooseKernels(precision, 'cpu')
      const target = { precision, ownKernels: kernels !== 'tensorflow' }
      assert.deepEqual(chooseComputation(precision, 'cpu'), { precision, kernels, target })
    }
  })

  test('int8 is what products are of, and the rest is what auto takes where the kernels know it', { skip: int8 === 'tensorflow' }, () => {
    const rest = int8 === 'avx512_vnni' || int8 === 'neon_i8mm' ? choosePrecision('auto', 'cpu') : 'float32'
    assert.deepEqual(chooseComputation('int8', 'cpu'), {
      precision: 'int8', kernels: int8, target: { precision: rest, ownKernels: true, quantized: true }
    })
  })

  test('int8 is refused in one sentence where there are no kernels for it', () => {
    assert.throws(() => chooseTarget('int8', 'gpu'), { name: 'OperatorError', message: /^PRECISION=int8 is for CPUs: .*BACKEND=cpu/ })
    if (int8 === 'tensorflow') assert.throws(() => chooseTarget('int8', 'cpu'), { name: 'OperatorError', message: /AVX2.* dot products/ })
  })

  test('auto is never int8', () => {
    assert.notEqual(chooseComputation('auto', 'cpu').precision, 'int8')
  })
})
