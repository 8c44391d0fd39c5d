import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { listedCpus } from '../../../bench/engines/pinning.js'

suite('CPUs that processes are bound to', () => {
  test('ranges and single CPUs are listed one by one', () => {
    assert.deepEqual(listedCpus('Name:\tnode\nCpus_allowed_list:\t0-3,8\nMems_allowed_list:\t0\n'), [0, 1, 2, 3, 8])
    assert.deepEqual(listedCpus('Cpus_allowed_list:\t5\n'), [5])
  })

  test('a system that does not say has none', () => {
    assert.deepEqual(listedCpus('Name:\tnode\n'), [])
  })
})
