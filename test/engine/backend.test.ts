import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configureTensorFlow } from '../../src/engine/backend.js'

test('the pool that starts operations, one for the whole process, has a thread for each session', () => {
  const before = { ...process.env }
  try {
    configureTensorFlow({ backend: 'cpu', threads: 4, sessions: 2 })
    assert.equal(process.env.TF_NUM_INTEROP_THREADS, '2')
    assert.equal(process.env.TF_NUM_INTRAOP_THREADS, '4')
  } finally {
    process.env = before
  }
})
