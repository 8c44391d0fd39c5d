import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Turns } from '../../src/base/turns.js'

suite('work in turns', () => {
  test('who has more to do waits behind the others', async () => {
    const turns = new Turns(1000)
    const order: string[] = []
    const work = (name: string, steps: number): void => {
      turns.add(() => {
        order.push(name)
        return --steps > 0
      })
    }
    work('a', 3)
    work('b', 1)
    work('c', 2)
    assert.deepEqual(order, [], 'nothing runs in the turn that adds it')
    await nextTurn()
    assert.deepEqual(order, ['a', 'b', 'c', 'a', 'c', 'a'])
  })

  test('the loop does other things once the time is up, and the rest is done all the same', async () => {
    const turns = new Turns(0)
    const seen: number[] = []
    let steps = 0
    turns.add(() => ++steps < 5)
    for (let turn = 0; turn < 5; turn++) {
      await nextTurn()
      seen.push(steps)
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5])
  })

  test('work that is added in a step, and after all is done', async () => {
    const turns = new Turns(1000)
    const order: string[] = []
    const once = (name: string, then?: () => void) => (): boolean => {
      order.push(name)
      then?.()
      return false
    }
    turns.add(once('a', () => { turns.add(once('b')) }))
    await nextTurn()
    turns.add(once('c'))
    await nextTurn()
    assert.deepEqual(order, ['a', 'b', 'c'])
  })
})
