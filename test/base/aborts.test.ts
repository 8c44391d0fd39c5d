import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Abortable, onAbort } from '../../src/base/aborts.js'

test('who listens is told once, with the reason there, and who listens no more is not', () => {
  const abortable = new Abortable()
  const controller = new AbortController()
  for (const [signal, abort] of [
    [abortable.signal, (reason: string) => { abortable.abort(reason) }],
    [controller.signal, (reason: string) => { controller.abort(reason) }]
  ] as const) {
    const told: string[] = []
    onAbort(signal, () => { told.push(`first ${signal.reason}`) })
    const ignore = onAbort(signal, () => { told.push('ignored') })
    // One that ends another's wait while all are told.
    onAbort(signal, () => { ignoreLast() })
    const ignoreLast = onAbort(signal, () => { told.push('last') })
    ignore()
    abort('late')
    abort('later')
    assert.deepEqual(told, ['first late'])
    assert.equal(signal.reason, 'late')
  }
})
