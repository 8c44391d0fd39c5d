import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SETTINGS, readConfig, settingsHelp, settingsTable } from '../src/config.js'

test('defaults, and values from the environment', () => {
  assert.equal(readConfig({}).port, 8080)
  assert.equal(readConfig({ PORT: '' }).port, 8080)
  assert.deepEqual([readConfig({ PORT: '0' }).port, readConfig({ BACKEND: 'cpu' }).backend], [0, 'cpu'])
})

test('a wrong value names the variable, the value and what is allowed', () => {
  for (const value of ['-1', '65536', '80a', '1.5', ' ', '0x10']) {
    assert.throws(() => readConfig({ PORT: value }), { message: `PORT=${value} is not allowed: it takes a whole number from 0 to 65535.` })
  }
  assert.throws(() => readConfig({ BACKEND: 'tpu' }), { message: 'BACKEND=tpu is not allowed: it takes auto, cpu, gpu.' })
})

test('the help and the README name every setting', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  assert.ok(readme.includes(settingsTable()), 'the table in the README is the generated one')
  for (const { env } of Object.values(SETTINGS)) assert.ok(settingsHelp().includes(env))
})
