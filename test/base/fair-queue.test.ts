import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairQueue } from '../../src/base/fair-queue.js'

interface Item { readonly name: string }

function queueOf (items: ReadonlyArray<readonly [client: string, name: string]>): { queue: FairQueue<Item>, added: Item[] } {
  const queue = new FairQueue<Item>()
  const added = items.map(([client, name]) => {
    const item = { name }
    queue.add(item, client)
    return item
  })
  return { queue, added }
}

const drain = (queue: FairQueue<Item>): string => {
  let names = ''
  for (let item = queue.take(); item !== undefined; item = queue.take()) names += item.name
  return names
}

test('clients take turns, each in its own order', () => {
  assert.equal(drain(queueOf([['a', '1'], ['a', '2'], ['a', '3'], ['b', 'x'], ['c', 'y'], ['c', 'z']]).queue), '1xy2z3')
})

test('what came late does not come before those whose turn it is', () => {
  const { queue } = queueOf([['a', '1'], ['a', '2'], ['b', 'x']])
  assert.equal(queue.take()?.name, '1')
  queue.add({ name: 'n' }, 'c')
  assert.equal(drain(queue), 'x2n')
})

test('what is taken out is gone, once', () => {
  const { queue, added: [first, second] } = queueOf([['a', '1'], ['a', '2'], ['b', 'x']])
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual([queue.delete(first), queue.delete(first), queue.size, queue.oldest?.name], [true, false, 2, '2'])
  queue.delete(second)
  assert.deepEqual([queue.oldest?.name, drain(queue), queue.size, queue.oldest], ['x', 'x', 0, undefined])
})

test('a client that may not go keeps its turn', () => {
  const { queue } = queueOf([['a', '1'], ['b', 'x'], ['b', 'y']])
  assert.equal(queue.take((client) => client !== 'a')?.name, 'x')
  assert.equal(queue.take(() => false), undefined)
  assert.equal(drain(queue), '1y')
})
