import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { cpuQuota, cpuShare, SpareCpus, usableCpus } from '../../src/base/cpus.js'
import { hierarchy } from '../support/control-groups.js'

test('a quota of version 2 counts in CPUs, the smallest on the way to the root', (t) => {
  const root = hierarchy(t, { 'cpu.max': 'max 100000\n', 'pods/cpu.max': '150000 100000\n', 'pods/one/cpu.max': '400000 100000\n' })
  assert.equal(cpuQuota('0::/pods/one\n', root), 1.5)
  assert.equal(cpuQuota('0::/\n', root), Infinity)
})

test('a container that sees only its own group as the root', (t) => {
  const root = hierarchy(t, { 'cpu.max': '200000 100000\n' })
  assert.equal(cpuQuota('0::/kubepods/pod1/container\n', root), 2)
})

test('a quota of version 1', (t) => {
  const root = hierarchy(t, {
    'cpu/cpu.cfs_quota_us': '-1\n',
    'cpu/cpu.cfs_period_us': '100000\n',
    'cpu/box/cpu.cfs_quota_us': '50000\n',
    'cpu/box/cpu.cfs_period_us': '100000\n'
  })
  assert.equal(cpuQuota('7:memory:/box\n4:cpu,cpuacct:/box\n', root), 0.5)
  assert.equal(cpuQuota('4:cpu,cpuacct:/\n', root), Infinity)
})

test('no control groups, no quota', (t) => {
  assert.equal(cpuQuota('', hierarchy(t, {})), Infinity)
})

test('a quota counts as whole CPUs, rounded up whatever Node makes of it, and never as more than the affinity', (t) => {
  const status = (list: string): string => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`
  const cgroupRoot = hierarchy(t, { 'cpu.max': 'max 100000\n', 'box/cpu.max': '150000 100000\n' })
  const count = (list: string, group: string): number => usableCpus({ status: status(list), membership: `0::${group}\n`, cgroupRoot })
  assert.equal(count('0-63', '/box'), 2)
  assert.equal(count('5', '/box'), 1)
  assert.equal(count('0-3,8,10-11', '/'), 7)
  assert.equal(cpuShare({ status: status('0-63'), membership: '0::/box\n', cgroupRoot }), 1.5)
})

test('where the kernel does not list CPUs, Node counts them', () => {
  assert.equal(usableCpus({ status: undefined, membership: '', cgroupRoot: '/nowhere' }), availableParallelism())
})

const ofLinux = process.platform === 'linux' ? false : 'of Linux alone'
test('CPUs that another process keeps busy are not to spare', { skip: ofLinux }, async (t) => {
  const other = spawn(process.execPath, ['-e', 'process.stdout.write("on"); for (;;);'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  const spare = new SpareCpus()
  await setTimeout(300)
  const left = spare.sinceBegin() ?? NaN
  // Whatever else runs here takes more.
  const all = cpuShare({ status: readFileSync('/proc/self/status', 'utf8'), membership: '', cgroupRoot: '/nowhere' })
  assert.ok(left < all - 0.5, `${left} CPUs are left`)
})
