import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'

test('the settings reach TensorFlow by the environment, and a GPU is out of sight where the CPU was asked for', () => {
  const environment = tensorFlowEnvironment({ backend: 'cpu', threads: 4 })
  assert.equal(environment.TF_NUM_INTRAOP_THREADS, '4')
  assert.equal(environment.CUDA_VISIBLE_DEVICES, '-1')
  assert.equal('CUDA_VISIBLE_DEVICES' in tensorFlowEnvironment({ backend: 'auto', threads: 4 }), false)
})

test('threads wait for work awake only where there is a whole CPU for each', () => {
  const patience = (threads: number, cpus: number): string | undefined => (
    tensorFlowEnvironment({ backend: 'cpu', threads }, cpus).XCEPTION_PATIENCE_US
  )
  assert.deepEqual([patience(2, 2), patience(2, 8), patience(2, 1.5), patience(4, 2)], [undefined, undefined, '0', '0'])
})
