import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { packagePath } from '../../src/base/package-root.js'
import { readConfig } from '../../src/config.js'

const UNIT = packagePath('scripts/systemd/xception-serve.service')
const withoutSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined ? false : 'systemd-analyze is not there'

test('the systemd unit is valid', { skip: withoutSystemd }, () => {
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', UNIT], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.ok(!stderr.includes('xception-serve.service:'), stderr)
})

test('the systemd unit waits for what the service says, and longer for a sign of life than for an engine that hangs', () => {
  const unit = readFileSync(UNIT, 'utf8')
  assert.match(unit, /^Type=notify$/m)
  const seconds = Number(/^WatchdogSec=(\d+)$/m.exec(unit)?.[1])
  assert.ok(seconds * 1000 > 2 * readConfig({}).inferenceTimeoutMs)
})

test('the systemd unit waits as long as an end in order may take', () => {
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(readFileSync(UNIT, 'utf8'))?.[1])
  const { drainDelayMs, shutdownGraceMs } = readConfig({})
  assert.ok(seconds * 1000 > drainDelayMs + shutdownGraceMs)
})
