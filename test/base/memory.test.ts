import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { test } from 'node:test'
import { memoryLimit, usableMemory } from '../../src/base/memory.js'
import { hierarchy } from '../support/control-groups.js'

test('a limit of version 2, the smallest on the way to the root', (t) => {
  const root = hierarchy(t, { 'pods/memory.max': '1000\n', 'pods/one/memory.max': '2000\n', 'pods/two/memory.max': 'max\n' })
  assert.deepEqual(['one', 'two'].map((name) => memoryLimit(`0::/pods/${name}\n`, root)), [1000, 1000])
  assert.equal(memoryLimit('0::/\n', root), Infinity)
})

test('a container that sees only its own group as the root', (t) => {
  assert.equal(memoryLimit('0::/kubepods/pod1/container\n', hierarchy(t, { 'memory.max': '3000\n' })), 3000)
})

test('a limit of version 1', (t) => {
  const root = hierarchy(t, { 'memory/memory.limit_in_bytes': '9223372036854771712\n', 'memory/box/memory.limit_in_bytes': '4000\n' })
  assert.equal(memoryLimit('7:memory:/box\n4:cpu,cpuacct:/other\n', root), 4000)
})

test('no more than the machine has, and no control groups, no limit', (t) => {
  assert.ok(usableMemory() > 0 && usableMemory() <= totalmem())
  assert.equal(memoryLimit('', hierarchy(t, {})), Infinity)
})
