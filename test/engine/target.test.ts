import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chooseKernels } from '../../src/engine/kernels.js'
import { choosePrecision } from '../../src/engine/precision.js'
import { chooseComputation, targetByTable, type ComputationSettings } from '../../src/engine/target.js'
import { tempFolder } from '../support/temp-folder.js'

const int8 = chooseKernels('int8', 'cpu')
const cacheDir = tempFolder()

function settings (given: Partial<ComputationSettings>): ComputationSettings {
  return { precision: 'float32', kernels: 'tensorflow', tensorflowThreads: 1, engineWorkers: 1, cacheDir, ...given }
}

suite('what the settings of numbers and kernels mean', () => {
  test('TensorFlow computes where it is set, in float32 and bfloat16', async () => {
    for (const precision of ['float32', 'bfloat16'] as const) {
      assert.deepEqual(await chooseComputation(settings({ precision }), 'cpu'), {
        precision,
        kernels: 'tensorflow',
        reason: 'set',
        why: 'KERNELS=tensorflow',
        target: { precision, ownKernels: false },
        kernelNames: {}
      })
    }
  })

  test('own kernels are refused in one sentence where there are none', async () => {
    if (chooseKernels('bfloat16', 'cpu') !== 'tensorflow') return
    const refusal = { name: 'OperatorError', message: /^KERNELS=own, .* no kernels for bfloat16 .*: set KERNELS=auto$/ }
    await assert.rejects(chooseComputation(settings({ precision: 'bfloat16', kernels: 'own' }), 'cpu'), refusal)
  })

  test('int8 is what products are of, and the rest is what the CPU has where the kernels know it', { skip: int8 === 'tensorflow' }, () => {
    const rest = ['avx512_vnni', 'amx_int8', 'neon_usmmla', 'neon_usdot'].includes(int8) ? choosePrecision('auto', 'cpu') : 'float32'
    assert.deepEqual(targetByTable('int8', 'cpu'), { precision: rest, ownKernels: true, quantized: true })
  })

  test('int8 is refused in one sentence where there are no kernels for it', async () => {
    assert.throws(() => targetByTable('int8', 'gpu'), { name: 'OperatorError', message: /^PRECISION=int8 is for CPUs: .*BACKEND=cpu/ })
    if (int8 === 'tensorflow') assert.throws(() => targetByTable('int8', 'cpu'), { name: 'OperatorError', message: /AVX2.* dot products/ })
    const refusal = { name: 'OperatorError', message: /^PRECISION=int8 .*: set KERNELS=auto/ }
    await assert.rejects(chooseComputation(settings({ precision: 'int8' }), 'cpu'), refusal)
  })

  test('a GPU is TensorFlow\'s, whatever is set', async () => {
    const { kernels, target, reason } = await chooseComputation(settings({ kernels: 'own' }), 'gpu')
    assert.deepEqual({ kernels, target, reason }, {
      kernels: 'tensorflow', target: { precision: 'float32', ownKernels: false }, reason: 'only'
    })
  })

  test('auto is never int8', () => {
    assert.notEqual(targetByTable('auto', 'cpu').quantized, true)
  })
})
