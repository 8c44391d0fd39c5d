import assert from 'node:assert/strict'
import { fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { suite, test, type TestContext } from 'node:test'
import { BEGUN, notStarted, watchBeginning } from '../../src/base/beginning.js'
import { childOf } from '../support/child.js'

const BEGINNING = new URL('../../src/base/beginning.js', import.meta.url).href
const SAY_BEGUN = new URL('../../src/base/say-begun.js', import.meta.url)
const NEVER = 'setInterval(() => {}, 1000)'

/** A child that does not say that it runs. */
function silent (t: TestContext): ReturnType<typeof spawn> {
  return childOf(t, spawn(process.execPath, ['-e', NEVER], { stdio: 'ignore' }))
}

suite('a child process', () => {
  test('that does not begin is killed, and the reason is told', async (t) => {
    const child = silent(t)
    const reasons: string[] = []
    watchBeginning(child, 'The process that waits', ({ name, message }) => { reasons.push(`${name}: ${message}`) }, 100)
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    assert.equal(reasons.length, 1)
    assert.match(reasons[0] ?? '', /^OperatorError: The process that waits did not begin within 0\.1 s, as where .*: raise the limit/)
  })

  test('that has begun has all the time that it takes', async (t) => {
    const child = childOf(t, fork(SAY_BEGUN, { execArgv: [] }))
    watchBeginning(child, 'The process that runs', assert.fail)
    assert.deepEqual(await once(child, 'message'), [BEGUN, undefined])
    child.disconnect()
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  test('that has not begun ends with its parent', () => {
    const program = `import { spawn } from 'node:child_process'
      import { watchBeginning } from '${BEGINNING}'
      const child = spawn(process.execPath, ['-e', '${NEVER}'], { stdio: 'ignore' })
      watchBeginning(child, 'it', () => {})
      process.stdout.write(String(child.pid))
      process.exit(3)`
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.equal(status, 3)
    // It is init's now, which may take a moment to bury it.
    const state = spawnSync('ps', ['-o', 'stat=', '-p', stdout], { encoding: 'utf8' }).stdout.trim()
    assert.match(state, /^(?:Z.*)?$/)
  })

  test('that is not started has a sentence with the remedy', () => {
    const refused = (code: string): string => {
      return notStarted('The process that waits', Object.assign(new Error(`spawn ${code}`), { code })).message
    }
    assert.match(refused('EAGAIN'), /^The process that waits cannot be started \(EAGAIN\): raise the limit on processes and threads/)
    assert.equal(refused('ENOENT'), 'spawn ENOENT')
  })
})
