import assert from 'node:assert/strict'
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { packagePath } from '../src/base/package-root.js'
import { readConfig, settingsHelp, settingsTable } from '../src/config.js'
import { SETTINGS } from '../src/settings.js'

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

test('CORS_ORIGINS takes origins as browsers send them', () => {
  const accepted = ['*', 'https://example.org', 'http://127.0.0.1:3000,https://a.example', 'http://[::1]:80 , https://b.example']
  assert.deepEqual(accepted.map((value) => readConfig({ CORS_ORIGINS: value }).corsOrigins), accepted)
  for (const value of ['example.org', 'https://example.org/', 'https://Example.org', '*,https://a.example', 'null', 'https://a.example,']) {
    assert.throws(() => readConfig({ CORS_ORIGINS: value }), {
      message: `CORS_ORIGINS=${value} is not allowed: it takes origins such as https://example.org with commas between them, or *.`
    })
  }
})

test('settings that contradict each other are refused by a sentence that names both', () => {
  const refused = (env: Record<string, string>, message: RegExp): void => {
    assert.throws(() => readConfig(env), { name: 'OperatorError', message })
  }
  refused({ MAX_IMAGE_BYTES: '2000000', MAX_BYTES_IN_FLIGHT: '1999999' }, /^MAX_IMAGE_BYTES=2000000 is more than MAX_BYTES_IN_FLIGHT/)
  refused({ QUEUE_SIZE: '40', MAX_BATCH_SIZE: '41' }, /^MAX_BATCH_SIZE=41 is more than QUEUE_SIZE=40: /)
  refused({ MAX_IMAGE_BYTES: '2000', MAX_REQUEST_BYTES: '1999' }, /^MAX_IMAGE_BYTES=2000 is more than MAX_REQUEST_BYTES=1999: /)
  assert.equal(readConfig({ QUEUE_SIZE: '8', MAX_BATCH_SIZE: 'auto', MAX_IMAGE_BYTES: '7', MAX_REQUEST_BYTES: '7' }).queueSize, 8)
})

test('DECODE_CONCURRENCY takes no more than the pool of threads has room for', () => {
  assert.equal(readConfig({ DECODE_CONCURRENCY: '3' }).decodeConcurrency, 3)
  assert.equal(readConfig({ DECODE_CONCURRENCY: '8', UV_THREADPOOL_SIZE: '9' }).decodeConcurrency, 8)
  assert.throws(() => readConfig({ DECODE_CONCURRENCY: '8' }), {
    name: 'OperatorError',
    message: 'DECODE_CONCURRENCY=8 takes a pool of 9 threads, and Node\'s has 4: start with UV_THREADPOOL_SIZE=9.'
  })
  assert.throws(() => readConfig({ DECODE_CONCURRENCY: '1', UV_THREADPOOL_SIZE: 'many' }), /has 1: start with UV_THREADPOOL_SIZE=2\./)
})

test('TRUST_PROXY takes addresses and networks, and what it does not is one sentence', () => {
  const accepted = ['127.0.0.1', '10.0.0.0/8, ::1', 'loopback', '192.168.0.0/255.255.0.0', 'fd00::/8']
  assert.deepEqual(accepted.map((value) => readConfig({ TRUST_PROXY: value }).trustProxy), accepted)
  for (const value of ['true', 'proxy.example', '10.0.0.0/33', '127.0.0.1,', '10.0.0.0/']) {
    assert.throws(() => readConfig({ TRUST_PROXY: value }), {
      name: 'OperatorError',
      message: `TRUST_PROXY=${value} is not allowed: it takes addresses or networks such as 10.0.0.0/8 with commas between them, ` +
        'or loopback, uniquelocal, linklocal.'
    })
  }
})

test('without a home folder, MODEL_CACHE_DIR has to be set, and nothing else is said to be wrong', () => {
  const start = pathToFileURL(packagePath('dist/src/start.js')).href
  const program = `
    const nobody = () => { throw Object.assign(new Error('uv_os_get_passwd returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' }) }
    os.userInfo = nobody
    module.syncBuiltinESMExports()
    const { start } = await import(${JSON.stringify(start)})
    await start(process.argv.slice(1))`
  const { XDG_CACHE_HOME: _cache, MODEL_CACHE_DIR: _folder, HOME: _home, ...env } = process.env
  const run = (...args: string[]): SpawnSyncReturns<string> => {
    const imports = "import os from 'node:os'\nimport module from 'node:module'\n"
    return spawnSync(process.execPath, ['--input-type=module', '--eval', imports + program, '--', ...args], { env, encoding: 'utf8' })
  }
  const { status, stderr } = run()
  assert.equal(stderr, 'There is no folder for MODEL_CACHE_DIR, since HOME is not set and the system knows no home folder of this user: ' +
    'set MODEL_CACHE_DIR.\n')
  assert.equal(status, 1)
  assert.match(run('--help').stdout, /^Usage: npm start/)
})

test('the cache is below XDG_CACHE_HOME, unless that is empty or relative', () => {
  const home = '/home/me/.cache/xception-serve'
  const folders = [undefined, '', 'caches', '/var/caches'].map((XDG_CACHE_HOME) => (
    readConfig({ HOME: '/home/me', XDG_CACHE_HOME }).cacheDir
  ))
  assert.deepEqual(folders, [home, home, home, '/var/caches/xception-serve'])
})

test('defaults follow the environment that is read, not the one of the process', () => {
  assert.equal(readConfig({ UV_THREADPOOL_SIZE: '2' }).decodeConcurrency, 1)
})

test('the help and the README name every setting', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  assert.ok(readme.includes(settingsTable()), 'the table in the README is the generated one')
  for (const { env } of Object.values(SETTINGS)) assert.ok(settingsHelp().includes(env))
})
