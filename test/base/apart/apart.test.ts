import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { Apart } from '../../../src/base/apart/apart.js'
import { until } from '../../support/until.js'

const APART = new URL('../../../src/base/apart/apart.js', import.meta.url).href
const NEVER = 'setInterval(() => {}, 1000)'

/** Its program never says that it runs, or what no reply is. */
class Strange extends Apart<string> {
  constructor (program: string, beginLimitMs?: number) {
    super({ name: 'the process that waits', program: ['-e', program], channel: 'pipe', beginLimitMs })
  }

  protected override take (bytes: Uint8Array): void {
    this.receive(Buffer.from(bytes).toString())
  }

  async reply (limitMs?: number): Promise<string> {
    return await this.ask(() => {}, limitMs)
  }
}

suite('a process', { concurrency: true }, () => {
  test('that does not begin is ended, however long it has for its answer', async () => {
    const strange = new Strange(NEVER, 100)
    await assert.rejects(strange.reply(1), {
      name: 'ProcessFailure',
      fate: 'not begun',
      message: /^the process that waits did not begin within 100 ms, as where it can start no threads: raise the limit on processes/
    })
    await strange.gone()
  })

  test('that answers what was not asked is ended', async () => {
    const strange = new Strange('setInterval(() => { require("fs").writeSync(3, "more") }, 50)')
    assert.equal((await strange.ended).message, 'the process that waits sent what is no reply: nothing was asked')
  })

  test('that lacks threads says so', async () => {
    const strange = new Strange('process.stderr.write("pthread_create failed\\n", () => process.abort())')
    assert.match((await strange.ended).message, /^the process that waits could start no more threads: raise the limit on processes/)
  })

  test('that has not begun ends with its parent', async () => {
    const program = `import { Apart } from '${APART}'
      class Silent extends Apart {
        constructor () { super({ name: 'it', program: ['-e', '${NEVER}'], channel: 'pipe' }) }
        get pid () { return this.child.pid }
      }
      process.stdout.write(String(new Silent().pid))
      process.exit(3)`
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.equal(status, 3)
    // It is init's now, which may take a moment to bury it.
    await until('its end', () => {
      const state = spawnSync('ps', ['-o', 'stat=', '-p', stdout], { encoding: 'utf8' }).stdout.trim()
      return /^(?:Z.*)?$/.test(state)
    })
  })
})
