import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { packagePath } from '../../src/base/package-root.js'
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

test('and the kernels read the variable that says so', () => {
  const names = Object.keys(tensorFlowEnvironment({ backend: 'cpu', threads: 4 }, 2)).filter((name) => name.startsWith('XCEPTION_'))
  const source = readFileSync(packagePath('native/convolutions/addon.cc'), 'utf8')
  assert.deepEqual(names.filter((name) => source.includes(`NumberOf("${name}"`)), ['XCEPTION_PATIENCE_US'])
})
