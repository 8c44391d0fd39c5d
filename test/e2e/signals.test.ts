import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { packagePath } from '../../src/base/package-root.js'
import { childrenOf, startServer } from '../support/server.js'
import { until } from '../support/until.js'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/**
 * Options of Node's with which a program sends itself signals: the first as soon as it handles SIGHUP, each other one as soon as
 * something else does.
 */
function sendingItself (...signals: readonly NodeJS.Signals[]): string[] {
  const program = `
    const signals = ${JSON.stringify(signals)}
    const known = []
    const timer = setInterval(() => {
      const [first] = process.listeners('SIGHUP')
      if (first === undefined || known.includes(first)) return
      known.push(first)
      process.kill(process.pid, signals.shift())
      if (signals.length === 0) clearInterval(timer)
    }, 0)`
  return ['--import', `data:text/javascript,${encodeURIComponent(program)}`]
}

const STARTS = {
  'npm start': ['--require', packagePath('scripts/signals.cjs'), packagePath('scripts/start.mjs')],
  'the main module': [MAIN],
  'xception serve': [packagePath('bin/xception.cjs'), 'serve', '--model', 'nothing']
}

suite('signals that come while the server\'s modules load', () => {
  for (const [name, args] of Object.entries(STARTS)) {
    test(`${name}: SIGHUP leaves it alone, SIGTERM ends it in order`, () => {
      const env = { ...process.env, MODEL: 'nothing', PORT: '0', HOST: '127.0.0.1' }
      const options = { env, encoding: 'utf8' } as const
      const hungUp = spawnSync(process.execPath, [...sendingItself('SIGHUP'), ...args], options)
      assert.equal(hungUp.status, 1, hungUp.stderr)
      assert.match(hungUp.stderr, /^SIGHUP came before anything is loaded/m)
      assert.match(hungUp.stdout, /MODEL=nothing is neither a bundled model/)
      const stopped = spawnSync(process.execPath, [...sendingItself('SIGTERM'), ...args], options)
      assert.deepEqual({ ...stopped, pid: 0, output: [] }, { pid: 0, output: [], stdout: '', stderr: '', status: 0, signal: null })
    })
  }
})

test('SIGHUP while the model loads is a reload afterwards, and SIGUSR1 opens no inspector', async (t) => {
  const server = await startServer(t, {}, [process.execPath, ...sendingItself('SIGHUP', 'SIGHUP'), MAIN])
  const has = (text: string): boolean => server.log.some((line) => line.includes(text))
  assert.ok(has('SIGHUP came before anything is loaded'))
  assert.ok(has('the model is still loading, and is loaded again afterwards'))
  await until('"reloaded" in the log', () => has('"reloaded"'))
  for (const pid of [server.pid, ...await childrenOf(server.pid)]) process.kill(pid, 'SIGUSR1')
  const { status } = await fetch(`${server.url}/readyz`)
  assert.equal(status, 200)
  assert.equal(await server.stop(), 0)
  assert.ok(!has('Debugger'), server.log.join('\n'))
})
