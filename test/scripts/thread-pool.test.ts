import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { packagePath } from '../../src/base/package-root.js'

const PRELOADED = ['--require', packagePath('scripts/thread-pool.cjs')]
/** An ES module, as all that is started is; by the time it runs, loading it has started the pool. */
const COUNT_THREADS = ['--input-type=module', '--eval', `
  import { readdirSync } from 'node:fs'
  import { stat } from 'node:fs/promises'
  await stat('.')
  console.log(readdirSync('/proc/self/task').length)
`]

function threads (env: Record<string, string>): number {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'UV_THREADPOOL_SIZE'))
  const { stdout, stderr } = spawnSync(process.execPath, [...PRELOADED, ...COUNT_THREADS], { encoding: 'utf8', env: { ...clean, ...env } })
  assert.equal(stderr, '')
  return Number(stdout)
}

suite('the pool of threads', { skip: process.platform === 'linux' ? false : '/proc is not there' }, () => {
  test('has one for each image that is decoded at a time, and one more', () => {
    assert.equal(threads({ DECODE_CONCURRENCY: '12' }) - threads({}), 9)
  })

  test('keeps Node\'s size where that is enough, and where the setting is wrong', () => {
    const usual = threads({})
    for (const value of ['3', '', 'many', '8.5', '-9']) assert.equal(threads({ DECODE_CONCURRENCY: value }), usual, value)
  })

  test('is the operator\'s to choose', () => {
    assert.equal(threads({ DECODE_CONCURRENCY: '12', UV_THREADPOOL_SIZE: '14' }) - threads({}), 10)
  })
})

test('whatever starts the service makes room in the pool, and takes signals from its first moment on', () => {
  const preload = /--require(?:", "| )(?:\.\/|\/app\/)scripts\/NAME\.cjs/.source
  for (const file of ['package.json', 'Dockerfile', 'scripts/systemd/xception-serve.service']) {
    for (const name of ['thread-pool', 'signals']) {
      assert.match(readFileSync(packagePath(file), 'utf8'), new RegExp(preload.replace('NAME', name)), file)
    }
  }
  const command = readFileSync(packagePath('bin/xception.cjs'), 'utf8')
  assert.match(command, /^#!.*\nrequire\('\.\.\/scripts\/thread-pool\.cjs'\)/)
  assert.match(command, /^if \(serves\) require\('\.\.\/scripts\/signals\.cjs'\)/m)
})
