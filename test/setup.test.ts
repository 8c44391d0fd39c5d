import assert from 'node:assert/strict'
import {
  cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { packagePath } from '../src/base/package-root.js'
import { ALL_SKIPPED, assertSentence, assertSteps, Clone, hostTarget, makeWheel, NATIVE_DONE, platform } from './support/setup-clone.js'
import { until } from './support/until.js'

/** The command that `npm start` is. */
const START = ['--require', './scripts/signals.cjs', 'scripts/start.mjs']
const TFJS = 'node_modules/@tensorflow/tfjs-node'

/** A folder on another file system than temporary files, where there is one. */
const OTHER_DISK = ['/dev/shm'].find(folder => existsSync(folder) && statSync(folder).dev !== statSync(tmpdir()).dev)

/** Symbolic links below a folder. */
function linksIn (folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isSymbolicLink())
    .map(entry => join(entry.parentPath, entry.name))
}

/** A python3 that claims to have pip, whose download never ends; it leaves its process id in $MARKER. */
const ENDLESS_DOWNLOAD = `case "$*" in
  *"pip download"*) echo $$ > "$MARKER"; for last; do :; done; echo partial > "$last/partial.whl"; sleep 600 & wait;;
esac`

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

suite('setup, step by step', () => {
  test('does what is missing and skips what is there', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    assertSteps(await clone.setup(), { ...ALL_SKIPPED, ...NATIVE_DONE, build: 'done' })
    assert.deepEqual({ ...clone.installed(), addon: '' }, { flavour: 'cpu', tensorflow: '2.21.0', addon: '' })
    assert.deepEqual(clone.leftovers(), [])
    assertSteps(await clone.setup(), ALL_SKIPPED)

    clone.write('src/added.ts', 'export const added = 1\n')
    assertSteps(await clone.setup(), { ...ALL_SKIPPED, build: 'done' })
    assert.ok(clone.has('dist/src/added.js'))

    unlinkSync(clone.path('src/added.ts'))
    assertSteps(await clone.setup(), { ...ALL_SKIPPED, build: 'done' })
    assert.ok(!clone.has('dist/src/added.js'), 'the output of a deleted source is gone')

    rmSync(clone.path('node_modules/@tensorflow/tfjs-node/deps'), { recursive: true })
    assertSteps(await clone.setup([], { programs: { 'c++': 'exit 1' } }), { ...ALL_SKIPPED, addon: 'done' })
  })

  test('sources that do not compile leave the last build in place', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    await clone.setup()
    clone.write('src/main.ts', 'export const wrong: number = "text"\n')
    const { code, stderr } = await clone.setup()
    assert.equal(code, 1)
    assert.match(stderr, /src\/main\.ts.*TS2322/)
    assert.ok(clone.has('dist/src/main.js'))
    assert.deepEqual(clone.leftovers(), [])
  })

  test('installs packages again when the lock file changed, after an interruption too', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    await clone.setup()
    const record = clone.path('node_modules/.package-lock.json')
    const complete = readFileSync(record, 'utf8')
    const changed = JSON.parse(complete)
    changed.packages['node_modules/fastify'].version = '0.0.1'
    writeFileSync(record, JSON.stringify(changed))

    const marker = clone.path('marker')
    const endless = clone.start(['scripts/setup.mjs'], { env: { MARKER: marker }, programs: { npm: 'echo $$ > "$MARKER"; sleep 600' } })
    await until('what the program writes', () => existsSync(marker) && readFileSync(marker, 'utf8').endsWith('\n'))
    endless.kill('SIGINT')
    assert.equal((await endless.result).signal, 'SIGINT')
    assert.ok(!existsSync(record), 'what npm was changing does not count as installed')

    const saved = clone.path('saved.json')
    writeFileSync(saved, complete)
    const npm = `echo "$@" > "$MARKER"; cp ${saved} node_modules/.package-lock.json`
    const result = await clone.setup([], { env: { MARKER: marker }, programs: { npm } })
    assertSteps(result, { ...ALL_SKIPPED, packages: 'done' })
    assert.match(readFileSync(marker, 'utf8'), /^ci --include=dev --ignore-scripts/)
    assertSteps(await clone.setup(), ALL_SKIPPED)
  })

  test('--no-build does all but compile the sources', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    assertSteps(await clone.setup(['--no-build']), { packages: 'skipped', TensorFlow: 'skipped', ...NATIVE_DONE })
    assert.ok(!clone.has('dist'))
  })

  test('other arguments print the usage', async t => {
    const clone = new Clone(t)
    for (const args of [['--tpu'], ['--cpu', '--gpu'], ['now']]) {
      const { code, stderr } = await clone.setup(args)
      assert.equal(code, 2)
      assert.match(stderr, /^Usage: npm run setup/)
    }
    const help = await clone.setup(['--help'])
    assert.equal(help.code, 0)
    assert.match(help.stdout, /--gpu/)
  })
})

suite('setup, what of it stays', () => {
  test('TensorFlow is in the clone itself, and the cache is not needed any more', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    await clone.setup()
    assert.deepEqual(linksIn(clone.path(TFJS)), [])
    rmSync(clone.cache, { recursive: true })
    assertSteps(await clone.setup([], { programs: { 'c++': 'exit 1', python3: 'exit 1' } }), ALL_SKIPPED)
  })

  test('links that older set-ups left into the cache give way', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    await clone.setup()
    const [library = ''] = hostTarget().libraries
    const path = clone.path(join(TFJS, 'deps', 'lib', library))
    const [cached = ''] = readdirSync(clone.cache).filter(name => name.startsWith('tensorflow-'))
    unlinkSync(path)
    symlinkSync(join(clone.cache, cached, 'lib', library), path)
    assertSteps(await clone.setup(), { ...ALL_SKIPPED, addon: 'done' })
    assert.deepEqual(linksIn(clone.path(TFJS)), [])
  })

  test('where the cache is on another file system, libraries are copied', { skip: OTHER_DISK === undefined }, async t => {
    const clone = new Clone(t)
    const cache = mkdtempSync(join(OTHER_DISK ?? '', 'xception-cache-'))
    t.after(() => { rmSync(cache, { recursive: true }) })
    clone.seedTensorflow()
    cpSync(clone.cache, join(cache, 'xception-serve'), { recursive: true })
    assertSteps(await clone.setup([], { env: { XDG_CACHE_HOME: cache } }), { ...ALL_SKIPPED, ...NATIVE_DONE, build: 'done' })
    assert.deepEqual(linksIn(clone.path(TFJS)), [])
    assert.ok(clone.has(join(TFJS, 'deps', 'lib', hostTarget().libraries[0] ?? '')))
  })

  test('no link in this clone leads out of it', () => {
    const root = realpathSync(packagePath('.'))
    const leadingOut = linksIn(root).filter(path => !existsSync(path) || !realpathSync(path).startsWith(`${root}/`))
    assert.deepEqual(leadingOut, [])
  })
})

suite('setup, something missing', () => {
  test('an unsupported platform names the container', () => {
    assert.throws(() => platform.findTarget({ platform: 'win32', arch: 'x64', flavour: 'cpu' }), /win32 x64: run the container/)
    assert.throws(() => platform.findTarget({ platform: 'darwin', arch: 'x64', flavour: 'cpu' }), /container/)
    assert.throws(() => platform.findTarget({ platform: 'darwin', arch: 'arm64', flavour: 'gpu' }), /Linux x64 only.*--cpu/)
  })

  test('npm', async t => {
    const clone = new Clone(t)
    unlinkSync(clone.path('node_modules/.package-lock.json'))
    assertSentence(await clone.setup([], { only: ['python3'] }), /^npm is missing: install/)
  })

  test('the npm registry', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    unlinkSync(clone.path('node_modules/.package-lock.json'))
    const env = { npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0', npm_config_cache: join(clone.home, 'npm') }
    assertSentence(await clone.setup([], { env }), /^The npm registry cannot be reached \(ECONNREFUSED\): check/)
  })

  test('python3', async t => {
    const clone = new Clone(t)
    assertSentence(await clone.setup([], { only: ['npm', 'c++'] }), /^python3 is missing: install it/)
    assert.deepEqual(clone.leftovers(), [])
  })

  test('pip', async t => {
    const clone = new Clone(t)
    const python3 = 'case "$*" in *pip*) echo "No module named pip" >&2; exit 1;; esac'
    assertSentence(await clone.setup([], { programs: { python3 } }), /^pip is missing: install it.*TENSORFLOW_WHEEL/)
    assert.deepEqual(clone.leftovers(), [])
  })

  test('the package index', async t => {
    const clone = new Clone(t)
    const env = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_RETRIES: '0' }
    assertSentence(await clone.setup([], { env }), /^The Python package index cannot be reached: check.*TENSORFLOW_WHEEL/)
    assertSentence(await clone.setup([], { env: { PIP_NO_INDEX: '1' } }), /^pip cannot download TensorFlow \(No matching distribution/)
    assert.deepEqual(clone.leftovers(), [])
  })

  test('a C++ compiler', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    assertSentence(await clone.setup([], { only: ['npm', 'python3'] }), /^A C\+\+ compiler is missing: install one.*CXX/)
    const result = await clone.setup([], { env: { CXX: 'no-such-compiler -m64' } })
    assertSentence(result, /^The C\+\+ compiler no-such-compiler, which CXX names, does not exist/)
    const broken = { programs: { 'c++': 'echo "x.h: fatal error: no stdio.h" >&2; exit 1' } }
    assertSentence(await clone.setup([], broken), /^c\+\+ cannot compile the addon \(x\.h: fatal error: no stdio\.h\): install/)
    assert.deepEqual(clone.leftovers(), [])
  })

  const otherCpus = hostTarget().ownKernels ? false : 'there are kernels on Linux only'
  test('instructions that the compiler does not know: then the kernels are left out', { skip: otherCpus }, async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    clone.write(`native/convolutions/${hostTarget().arch === 'arm64' ? 'neon' : 'avx512'}_bfloat16.cc`, '#error unknown instructions\n')
    const { stderr, code } = await clone.setup()
    assert.equal(code, 0)
    assert.match(stderr, /^Left out, since TensorFlow computes the same: .*unknown instructions/m)
    const addons = readdirSync(clone.path('node_modules/@tensorflow/tfjs-node/lib/napi-v8'))
    assert.deepEqual(addons.filter(name => name !== 'pictures.node').sort(), ['process.node', 'tfjs_binding.node'])
    assert.deepEqual(clone.leftovers(), [])
  })

  const withoutAmx = hostTarget().ownKernels && hostTarget().arch === 'x64' ? false : 'there is no AMX'
  test('AMX, which older compilers do not know: then its kernels alone are left out', { skip: withoutAmx }, async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    clone.write('native/convolutions/amx_bfloat16.cc', '#error no amx\n')
    const { stderr, code } = await clone.setup()
    assert.equal(code, 0)
    assert.match(stderr, /^Left out, since other kernels compute the same: amx_bfloat16\. .*no amx/m)
    const addons = readdirSync(clone.path('node_modules/@tensorflow/tfjs-node/lib/napi-v8'))
    assert.ok(addons.includes('convolutions.node'))
  })

  test('disk space', async t => {
    const clone = new Clone(t)
    const target = { ...hostTarget(), diskMegabytes: 1e9 }
    assertSentence(await clone.startSetupOf([target]).result, /^TensorFlow needs 1000000000 MB of disk space.*XDG_CACHE_HOME/)
    assert.deepEqual(clone.leftovers(), [])
  })

  test('the wheel that TENSORFLOW_WHEEL names', async t => {
    const clone = new Clone(t)
    const nothing = await clone.setup([], { env: { TENSORFLOW_WHEEL: '/nowhere.whl' } })
    assertSentence(nothing, /^TENSORFLOW_WHEEL names \/nowhere\.whl, which is not a file/)
    const wheel = clone.path('other.whl')
    writeFileSync(wheel, 'not TensorFlow')
    const result = await clone.setup([], { env: { TENSORFLOW_WHEEL: wheel } })
    assertSentence(result, /other\.whl has SHA-256 [0-9a-f]{64} instead of/, new RegExp(hostTarget().sha256))
    assert.ok(existsSync(wheel), 'a wheel that was given is not deleted')
    assert.deepEqual(clone.leftovers(), [])
  })
})

suite('setup, TensorFlow from a wheel', () => {
  test('both flavours stand side by side and the choice sticks', async t => {
    const clone = new Clone(t)
    const [cpu, gpu] = [makeWheel(clone.home, 'cpu'), makeWheel(clone.home, 'gpu')]
    const targets = [cpu.target, gpu.target]
    const from = (wheel: string) => ({ env: { TENSORFLOW_WHEEL: wheel } })
    const installed = { ...ALL_SKIPPED, TensorFlow: 'done' as const, addon: 'done' as const }
    assertSteps(await clone.startSetupOf(targets, {}, from(cpu.path)).result, { ...installed, ...NATIVE_DONE, build: 'done' })
    assert.ok(existsSync(cpu.path))
    const [folder = ''] = readdirSync(clone.cache).filter(name => name.startsWith('tensorflow-'))
    assert.deepEqual(readdirSync(join(clone.cache, folder)).sort(), ['include', 'lib'])
    assert.deepEqual(readdirSync(join(clone.cache, folder, 'lib')).sort(), hostTarget().libraries)

    assertSteps(await clone.startSetupOf(targets, { flavour: 'gpu' }, from(gpu.path)).result, installed)
    assert.equal(clone.installed().flavour, 'gpu')
    assertSteps(await clone.startSetupOf(targets).result, ALL_SKIPPED)
    assert.equal(clone.installed().flavour, 'gpu')

    assertSteps(await clone.startSetupOf(targets, { flavour: 'cpu' }).result, { ...ALL_SKIPPED, addon: 'done' })
    assertSteps(await clone.startSetupOf(targets).result, ALL_SKIPPED)
    assert.equal(clone.installed().flavour, 'cpu')
    assert.equal(readdirSync(clone.cache).filter(name => name.startsWith('tensorflow-')).length, 2)
  })

  test('set-ups in parallel, of one clone and of two with one cache, all succeed', async t => {
    const clone = new Clone(t)
    const neighbour = new Clone(t, clone.home)
    const { path, target } = makeWheel(clone.home, 'cpu')
    const options = { env: { TENSORFLOW_WHEEL: path } }
    const runs = [clone, clone, neighbour].map(one => one.startSetupOf([target], {}, options).result)
    for (const { code, stderr } of await Promise.all(runs)) assert.equal(code, 0, stderr)
    for (const one of [clone, neighbour]) {
      assert.deepEqual(one.leftovers(), [])
      assertSteps(await one.startSetupOf([target]).result, ALL_SKIPPED)
    }
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ends a download at once, its process too, and leaves nothing`, async t => {
      const clone = new Clone(t)
      const marker = clone.path('marker')
      const running = clone.start(START, { env: { MARKER: marker }, programs: { python3: ENDLESS_DOWNLOAD } })
      await until('what the program writes', () => existsSync(marker) && readFileSync(marker, 'utf8').endsWith('\n'))
      assert.ok(clone.leftovers().length > 0)
      running.kill(signal)
      assert.equal((await running.result).signal, signal)
      await until('the end of the process', () => !isAlive(Number(readFileSync(marker, 'utf8'))))
      assert.deepEqual(clone.leftovers(), [])
    })
  }

  test('after a set-up that was killed, the next one cleans up and succeeds', async t => {
    const clone = new Clone(t)
    const { path, target } = makeWheel(clone.home, 'cpu')
    const given = { env: { TENSORFLOW_WHEEL: path } }
    assertSteps(await clone.startSetupOf([target], {}, given).result, { ...ALL_SKIPPED, TensorFlow: 'done', ...NATIVE_DONE, build: 'done' })
    rmSync(clone.path(`${TFJS}/deps`), { recursive: true })
    const cached = readdirSync(clone.cache).filter(name => name.startsWith('tensorflow-'))
    for (const name of cached) rmSync(join(clone.cache, name), { recursive: true })

    const marker = clone.path('marker')
    const running = clone.startSetupOf([target], {}, { env: { MARKER: marker }, programs: { python3: ENDLESS_DOWNLOAD } })
    await until('what the program writes', () => existsSync(marker) && readFileSync(marker, 'utf8').endsWith('\n'))
    running.kill('SIGKILL')
    await running.result
    process.kill(-Number(readFileSync(marker, 'utf8')), 'SIGKILL')
    assert.ok(clone.leftovers().length > 0)

    const result = await clone.startSetupOf([target], {}, given).result
    assertSteps(result, { ...ALL_SKIPPED, TensorFlow: 'done', addon: 'done' })
    assert.deepEqual(clone.leftovers(), [])
  })
})

suite('commands', () => {
  test('npm start becomes the server in the same process', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    const running = clone.start(['scripts/start.mjs', '--help'])
    const { code, stdout } = await running.result
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), { pid: running.pid, args: ['--help'] })
    assert.equal((await clone.start(['scripts/start.mjs']).result).stderr, '', 'nothing to say when all is there')
  })

  test('npm test runs what is asked for and fails on failures, and on skips where they are forbidden', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    const file = (body: string) => `import { test } from 'node:test'\ntest('one', ${body})\n`
    clone.write('test/good.test.ts', file('() => {}'))
    clone.write('test/bad/wrong.test.ts', file("() => { throw new Error('wrong') }"))
    clone.write('test/skipped.test.ts', file("{ skip: 'no tool' }, () => {}"))
    const run = (part: string, env: NodeJS.ProcessEnv = {}) => clone.start(['scripts/test.mjs', part], { env }).result

    const good = await run('good.test.ts')
    assert.equal(good.code, 0, good.stdout)
    assert.match(good.stdout, /pass 1\n/)
    assert.equal((await run('bad/')).code, 1)
    assert.equal((await run('skipped')).code, 0)
    const forbidden = await run('skipped', { FAIL_ON_SKIP: '1' })
    assert.equal(forbidden.code, 1)
    assert.match(forbidden.stdout, /FAIL_ON_SKIP=1 forbids:\n {2}one \(no tool\)/)
    assertSentence(await run('nothing'), /^No test file matches nothing/)
  })
})
