import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryTurns } from '../../src/preprocess/index.js'

const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

test('a large one waits until there is room, and none that comes later goes ahead', async () => {
  const memory = new MemoryTurns(100)
  const order: string[] = []
  const [first, second] = [await memory.take(60), await memory.take(30)]
  const large = memory.take(100).then((giveBack) => {
    order.push('large')
    return giveBack
  })
  const small = memory.take(1).then(() => { order.push('small') })
  first()
  await settled()
  assert.deepEqual(order, [])
  second()
  const giveBack = await large
  await settled()
  assert.deepEqual(order, ['large'])
  giveBack()
  await small
})

test('one that waits no longer lets those behind it go', async () => {
  const memory = new MemoryTurns(100)
  await memory.take(60)
  const controller = new AbortController()
  const large = memory.take(100, controller.signal)
  const small = memory.take(40)
  controller.abort(new Error('gone'))
  await assert.rejects(large, /gone/)
  await small
  await assert.rejects(memory.take(1, controller.signal), /gone/)
})
