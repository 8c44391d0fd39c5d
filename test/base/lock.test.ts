import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { suite, test, type TestContext } from 'node:test'
import { isLocked, takeLock, withLock } from '../../src/base/lock.js'
import { tempFolder } from '../support/temp-folder.js'

/** The shortest that there is: a lock that is lost is noticed a second later. */
const SHORT = { staleMs: 2000 }

function temporaryPath (t: TestContext): string {
  const folder = tempFolder(t)
  // What renews a lock keeps no process going.
  const goesOn = setInterval(() => {}, 1000)
  t.after(() => { clearInterval(goesOn) })
  return join(folder, 'entry')
}

async function lose (path: string, signal: AbortSignal): Promise<void> {
  rmSync(`${path}.lock`, { recursive: true })
  await once(signal, 'abort')
  signal.throwIfAborted()
}

suite('a lock', { concurrency: true }, () => {
  test('that is lost is taken again, and what it was for is done again', async (t) => {
    const path = temporaryPath(t)
    let tries = 0
    const result = await withLock(path, SHORT, async (lost) => {
      if (++tries === 1) await lose(path, lost)
      assert.ok(existsSync(`${path}.lock`))
      return 'done'
    })
    assert.deepEqual([result, tries], ['done', 2])
    assert.ok(!existsSync(`${path}.lock`))
  })

  test('that another process took over is waited for', async (t) => {
    const path = temporaryPath(t)
    let tries = 0
    let waits = 0
    const onWait = (): void => {
      waits++
      rmSync(`${path}.lock`, { recursive: true })
    }
    await withLock(path, { ...SHORT, onWait }, async (lost) => {
      if (++tries > 1) return
      const inAnHour = new Date(Date.now() + 3_600_000)
      utimesSync(`${path}.lock`, inAnHour, inAnHour)
      await once(lost, 'abort')
      lost.throwIfAborted()
    })
    assert.deepEqual([tries, waits], [2, 1])
  })

  test('that is lost again and again ends in one sentence', async (t) => {
    const path = temporaryPath(t)
    await assert.rejects(withLock(path, SHORT, (lost) => lose(path, lost)), {
      name: 'OperatorError', message: new RegExp(`^${path}\\.lock was lost 3 times in a row, at last because of this: ENOENT`)
    })
  })

  test('that another process goes on holding is waited for as long as one may, and given back once', async (t) => {
    const path = temporaryPath(t)
    const release = await takeLock(path, { onLost: assert.fail })
    assert.equal(await isLocked(path), true)
    await assert.rejects(takeLock(path, { onLost: assert.fail, patienceMs: 100 }), { name: 'LockError', code: 'ELOCKED' })
    await release()
    assert.equal(await isLocked(path), false)
  })

  test('that cannot be made says why', async () => {
    await assert.rejects(withLock('/proc/entry', SHORT, async () => {}), { name: 'LockError', code: 'ENOENT' })
  })
})

test('a lock of a clock that is ahead, which nobody touches any more, is nobody\'s', async (t) => {
  const path = temporaryPath(t)
  mkdirSync(`${path}.lock`)
  const inAnHour = new Date(Date.now() + 3_600_000)
  utimesSync(`${path}.lock`, inAnHour, inAnHour)
  let now = 0
  t.mock.method(performance, 'now', () => {
    now += 4000
    return now
  })
  assert.equal(await withLock(path, SHORT, async () => 'mine'), 'mine')
})
