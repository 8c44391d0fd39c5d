import assert from 'node:assert/strict'
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { callApart, ModuleApart, type ModuleOptions } from '../../../src/base/apart/module-apart.js'
import type * as Module from '../../support/apart-module.js'

const MODULE = new URL('../../support/apart-module.js', import.meta.url)
const NAME = 'the process that helps'
const withoutProc = process.platform === 'linux' ? false : 'it is Linux that ends a process whose parent is gone, whatever it does'

function start (t: TestContext, options: Partial<ModuleOptions> = {}): ModuleApart<typeof Module> {
  const apart = new ModuleApart<typeof Module>(MODULE, { name: NAME, ...options })
  t.after(() => { apart.kill(new Error('the test is over')) })
  return apart
}

/** A program that runs the module apart; `body` sees it as `apart`, with a `print`. */
function parent (body: string): string[] {
  const program = `
    import { openSync, writeSync } from 'node:fs'
    import { ModuleApart } from '${new URL('../../../src/base/apart/module-apart.js', import.meta.url).href}'
    const print = (value) => { writeSync(1, JSON.stringify(value) + '\\n') }
    const start = () => new ModuleApart(new URL('${MODULE.href}'), { name: '${NAME}' })
    const apart = start()
    ${body}`
  return ['--input-type=module', '-e', program]
}

function run (body: string, environment = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, parent(body), { encoding: 'utf8', env: { ...process.env, ...environment } })
}

/** Whoever inherited it may take a moment to bury it. */
async function untilGone (pid: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z'
    if (/\) Z/.test(stat)) return
    await sleep(10)
  }
  assert.fail(`process ${pid} goes on`)
}

suite('a module that runs apart', { concurrency: true }, () => {
  test('is called as if it were here, one call after the other', async (t) => {
    const apart = start(t)
    const answers: number[] = []
    await Promise.all([
      apart.call('later', [50]).then((value) => { answers.push(value) }),
      apart.call('add', [1, 2]).then((value) => { answers.push(value) })
    ])
    assert.deepEqual(answers, [50, 3])
    await apart.close()
    await assert.rejects(apart.call('add', [1, 2]), { name: 'ProcessFailure', fate: 'ended' })
  })

  test('throws as if it were here, and goes on', async (t) => {
    const apart = start(t)
    await assert.rejects(apart.call('refuse', []), { name: 'OperatorError', message: 'as ordered' })
    await assert.rejects(apart.call('read', ['/nowhere']), ({ name, code, stack }: NodeJS.ErrnoException) => {
      return name === 'Error' && code === 'ENOENT' && stack?.includes('apart-module') === true
    })
    assert.equal(await apart.call('add', [1, 2]), 3)
  })

  test('that is ended says how, and what mends it', async (t) => {
    for (const [how, fate, message] of [
      ['SIGKILL', 'killed', `${NAME} was ended by SIGKILL (as when memory runs out): give this service more memory, or a smaller model`],
      ['SIGSEGV', 'killed', `${NAME} was ended by SIGSEGV: standard error has what it said`],
      [7, 'ended', `${NAME} ended with code 7: standard error has what it said`]
    ] as const) {
      const apart = start(t)
      const behind = assert.rejects(Promise.all([apart.call('end', [how]), apart.call('add', [1, 2])]), { fate, message })
      await behind
      assert.equal((await apart.ended).message, message)
      await apart.close()
    }
  })

  test('that does not answer in time is ended, and its time begins when its turn comes', async (t) => {
    const apart = start(t)
    const first = apart.call('later', [300])
    const second = apart.call('later', [300], 3000)
    assert.deepEqual(await Promise.all([first, second]), [300, 300])
    await assert.rejects(apart.call('hang', [], 100), { fate: 'late', message: `${NAME} did not answer within 100 ms: it hangs` })
    await apart.gone()
  })

  test('that does not end by itself is ended', async (t) => {
    const apart = start(t)
    await apart.call('hangNext', [])
    await sleep(50)
    await apart.close()
    assert.equal((await apart.ended).message, `${NAME} was closed`)
  })

  test('is ended by a signal, with its reason', async (t) => {
    const stop = new AbortController()
    const apart = start(t, { signal: stop.signal })
    const { pid } = await apart.call('surroundings', [])
    const hanging = assert.rejects(apart.call('hang', []), /enough/)
    stop.abort(new Error('enough'))
    await hanging
    await apart.gone()
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    await assert.rejects(start(t, { signal: stop.signal }).call('add', [1, 2]), /enough/)
  })

  test('is not told what its parent\'s Node was', () => {
    const body = 'print(await apart.call("surroundings", [])); await apart.close()'
    const { stdout, stderr } = run(body, { NODE_OPTIONS: '--inspect=127.0.0.1:0' })
    assert.equal(stderr.match(/Debugger listening/g)?.length, 1)
    const { options, inspector } = JSON.parse(stdout) as ReturnType<typeof Module.surroundings>
    assert.deepEqual([options, inspector], [[''], undefined])
  })

  test('that floods standard error waits for nobody, and takes no memory', async () => {
    const body = `
      await apart.call('flood', [30, true])
      const before = process.memoryUsage().rss
      await apart.call('flood', [100, false])
      print(process.memoryUsage().rss - before)
      await apart.close()`
    const child = spawn(process.execPath, parent(body), { stdio: ['ignore', 'pipe', 'pipe'] })
    // Nobody reads its standard error.
    const [more] = await once(child.stdout, 'data') as [Buffer]
    child.stderr.resume()
    assert.deepEqual(await once(child, 'close'), [0, null])
    assert.ok(Number(more) < 60e6, `${Number(more) / 1e6} MB`)
  })

  test('ends with a parent that is killed, whatever it is doing', { skip: withoutProc }, async () => {
    const child = spawn(process.execPath, parent('print(await apart.call("surroundings", [])); apart.call("hang", [])'))
    const [said] = await once(child.stdout, 'data') as [Buffer]
    const { pid } = JSON.parse(said.toString()) as ReturnType<typeof Module.surroundings>
    child.kill('SIGKILL')
    await untilGone(pid)
  })

  test('ends with a parent that ends by itself', { skip: withoutProc }, async () => {
    const { stdout, status } = run('print(await apart.call("surroundings", [])); apart.call("hang", []); process.exit(3)')
    assert.equal(status, 3)
    await untilGone((JSON.parse(stdout) as ReturnType<typeof Module.surroundings>).pid)
  })

  test('is what the system ends first where memory runs out', { skip: withoutProc }, async (t) => {
    const score = (text: string): number => Number(text)
    const own = score(readFileSync('/proc/self/oom_score_adj', 'utf8'))
    assert.equal(score(await start(t).call('read', ['/proc/self/oom_score_adj'])), Math.min(1000, own + 500))
  })

  test('that the system does not start has a sentence', async (t) => {
    const environment = { TOO_LARGE: 'x'.repeat(2 ** 20) }
    await assert.rejects(start(t, { environment }).call('add', [1, 2]), {
      fate: 'not started', message: `${NAME} cannot be started (E2BIG)`
    })
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -n 100; exec "$@"', 'sh', process.execPath, ...parent(`
      await apart.close()
      try { for (;;) openSync('/dev/null') } catch {}
      start().call('add', [1, 2]).catch(({ fate, message }) => { print({ fate, message }) })`)], { encoding: 'utf8' })
    assert.deepEqual(JSON.parse(stdout), {
      fate: 'not started', message: `${NAME} cannot be started (EMFILE): raise the limit on open files (ulimit -n)`
    })
  })
})

suite('a function that is called apart', { concurrency: true }, () => {
  test('gives its answer', async () => {
    assert.equal(await callApart<typeof Module, 'add'>(MODULE, 'add', [1, 2], { name: NAME }), 3)
  })

  test('whose process ends was not done', async () => {
    await assert.rejects(callApart<typeof Module, 'end'>(MODULE, 'end', [7], { name: NAME }), {
      name: 'ProcessFailure', message: `${NAME} ended with code 7 before it was done: standard error has what it said`
    })
  })
})
