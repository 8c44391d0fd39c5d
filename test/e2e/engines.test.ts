import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cifar10Accuracy } from '../support/cifar10.js'
import { startServer } from '../support/server.js'
import { withoutShared } from '../support/shared.js'

const CAT = new Uint8Array(readFileSync(new URL('../../../docs/cat.jpg', import.meta.url)))

interface Reply { readonly model: { readonly precision: string }, readonly results: Array<{ readonly predictions: Array<{ readonly label: string }> }> }

test('two workers, a measured batch size and the best precision serve as one', async () => {
  const server = await startServer({ BACKEND: 'cpu', ENGINE_WORKERS: '2', MAX_BATCH_SIZE: 'auto', PRECISION: 'auto' })
  const replies = await Promise.all(Array.from({ length: 40 }, async () => {
    const response = await fetch(`${server.url}/classify`, { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } })
    return await response.json() as Reply
  }))
  assert.ok(replies.every((reply) => reply.results[0]?.predictions[0]?.label === 'cat'))
  const ready = JSON.parse(server.log.find((line) => line.includes('"ready"')) ?? '{}') as { maxBatchSize?: number }
  assert.ok([1, 2, 4, 8, 16].includes(ready.maxBatchSize ?? 0))
  assert.equal(await server.stop(), 0)
})

test('bfloat16 costs at most 0.3 points of accuracy', { skip: withoutShared }, async () => {
  const server = await startServer({ BACKEND: 'cpu', PRECISION: 'bfloat16' })
  const accuracy = await cifar10Accuracy(server.url)
  assert.equal(await server.stop(), 0)
  assert.ok(Math.abs(accuracy - 0.896) <= 0.003, `accuracy ${accuracy}`)
})
