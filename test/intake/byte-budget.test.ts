import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteBudget } from '../../src/intake/byte-budget.js'

const MIB = 1024 * 1024
const overloaded = { code: 'overloaded' }

function budgetOf (size: number): { budget: ByteBudget, taken: () => number } {
  let taken = 0
  return { budget: new ByteBudget(size, (bytes) => { taken = bytes }), taken: () => taken }
}

test('what is announced is taken at once, and given back once', () => {
  const { budget, taken } = budgetOf(100)
  const claim = budget.claim(60)
  assert.throws(() => budget.claim(41), overloaded)
  const other = budget.claim(40)
  assert.equal(taken(), 100)
  claim.receive(60)
  claim.keep(30)
  claim.giveBack(10)
  assert.equal(taken(), 60)
  claim.release()
  claim.release()
  claim.giveBack(10)
  assert.equal(taken(), 40)
  other.release()
  assert.equal(taken(), 0)
})

test('what announces nothing takes a MiB, and more as it arrives', () => {
  const { budget, taken } = budgetOf(2.5 * MIB)
  const claim = budget.claim(undefined)
  assert.equal(taken(), MIB)
  claim.receive(MIB)
  assert.equal(taken(), MIB)
  claim.receive(1)
  assert.equal(taken(), 2 * MIB)
  assert.throws(() => { claim.receive(MIB) }, overloaded)
  assert.throws(() => budget.claim(undefined), overloaded)
  assert.equal(taken(), 2 * MIB, 'what was refused took nothing')
  claim.release()
  assert.equal(taken(), 0)
})
