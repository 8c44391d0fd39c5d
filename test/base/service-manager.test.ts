import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { ServiceManager } from '../../src/base/service-manager.js'
import { Datagrams } from '../support/datagrams.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const onLinux = { skip: process.platform === 'linux' ? false : 'datagrams of this kind are sent on Linux only' }
const neverFails = { onFailure: (code: string) => { assert.fail(code) } }
const isWell = async (): Promise<void> => {}

suite('what a service manager is told', onLinux, () => {
  for (const kind of ['of the file system', 'abstract'] as const) {
    test(`through a socket that is ${kind}`, async (t) => {
      const NOTIFY_SOCKET = join(kind === 'abstract' ? `@xception-${process.pid}` : tempFolder(t), 'notify')
      const heard = await Datagrams.at(t, NOTIFY_SOCKET)
      const env = { NOTIFY_SOCKET, WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid), HOME: '/' }
      const manager = ServiceManager.of(env, neverFails)
      assert.deepEqual(env, { HOME: '/' }, 'children are not told')
      let fails = false
      let checks = 0
      manager.ready(async () => {
        checks++
        if (fails) throw new Error('the engine hangs')
      })
      await heard.until(/^WATCHDOG=1$/, 2)
      fails = true
      const before = { checks, signs: heard.all.filter((message) => message === 'WATCHDOG=1').length }
      await until('five more checks', () => checks >= before.checks + 5)
      const began = process.hrtime.bigint() / 1000n
      await Promise.all([manager.reloading(isWell), manager.reloading(isWell)])
      manager.stopping()
      await heard.until(/^STOPPING=1$/)
      assert.equal(heard.all[0], 'READY=1')
      // One may have been under way.
      assert.ok(heard.all.filter((message) => message === 'WATCHDOG=1').length <= before.signs + 1)
      const others = heard.all.slice(1).filter((message) => message !== 'WATCHDOG=1')
      assert.deepEqual(others.map((message) => message.replace(/\d{3,}/, 'N')), [
        'RELOADING=1\nMONOTONIC_USEC=N', 'RELOADING=1\nMONOTONIC_USEC=N', 'READY=1', 'STOPPING=1'
      ])
      assert.ok(BigInt(/\d{3,}/.exec(others[0] ?? '')?.[0] ?? 0) >= began)
    })
  }

  test('nothing without an address, and nothing of a watchdog that watches another process', async (t) => {
    let checks = 0
    const check = async (): Promise<void> => { checks++ }
    for (const env of [{}, { NOTIFY_SOCKET: '' }, { WATCHDOG_USEC: '1000' }]) {
      const manager = ServiceManager.of(env, neverFails)
      manager.ready(check)
      manager.stopping()
    }
    const NOTIFY_SOCKET = join(tempFolder(t), 'notify')
    const heard = await Datagrams.at(t, NOTIFY_SOCKET)
    for (const watchdog of [{ WATCHDOG_PID: '1' }, { WATCHDOG_USEC: '0' }, { WATCHDOG_USEC: 'soon' }]) {
      ServiceManager.of({ NOTIFY_SOCKET, WATCHDOG_USEC: '1000', ...watchdog }, neverFails).ready(check)
    }
    await heard.until(/^READY=1$/, 3)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(checks, 0)
  })

  test('an address where nobody listens costs one word', (t) => {
    const failures: string[] = []
    const onFailure = (code: string): void => { failures.push(code) }
    for (const NOTIFY_SOCKET of [join(tempFolder(t), 'nobody'), '@nobody-listens-here', `/${'x'.repeat(200)}`, 'vsock:2:1234']) {
      const manager = ServiceManager.of({ NOTIFY_SOCKET }, { onFailure })
      manager.ready(isWell)
      manager.stopping()
    }
    assert.deepEqual(failures, ['ENOENT', 'ECONNREFUSED', 'EINVAL', 'ENOENT'])
  })
})
