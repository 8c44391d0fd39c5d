import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { ALL_SKIPPED, assertSentence, assertSteps, Clone, makeWheel, NATIVE_DONE } from '../support/setup-clone.js'
import { until } from '../support/until.js'

interface Record { packages: { [path: string]: { dev?: boolean, version: string } } }

/** A fake npm that says what it was called with, and leaves that record of what is installed. */
const npmLeaving = (record: string): string => `echo "$@" >> "$CALLS"; cp ${record} node_modules/.package-lock.json`

/** Says that it is there and waits, for ten seconds at most, until the other is. */
const meet = (own: string, other: string): string =>
  `touch "$PLACE/${own}"; for i in $(seq 200); do [ -e "$PLACE/${other}" ] && break; sleep 0.05; done; [ -e "$PLACE/${other}" ] || exit 1`

suite('the set-up, side by side', () => {
  test('downloads TensorFlow while npm installs packages, and compiles meanwhile', async t => {
    const clone = new Clone(t)
    const { path, target } = makeWheel(clone.home, 'cpu')
    const record = clone.path('record.json')
    writeFileSync(record, readFileSync(clone.path('node_modules/.package-lock.json')))
    writeFileSync(clone.path('node_modules/.package-lock.json'), '')
    const programs = {
      npm: `${meet('npm', 'pip')}; cp ${record} node_modules/.package-lock.json`,
      python3: `case "$*" in
        *"pip download"*) ${meet('pip', 'kernels')}; for last; do :; done; cp ${path} "$last"; exit;;
        *pip*) exit;;
      esac
      PATH="$REAL_PATH" exec python3 "$@"`,
      'c++': 'touch "$PLACE/kernels"; PATH="$REAL_PATH" exec c++ "$@"'
    }
    const env = { PLACE: clone.home, REAL_PATH: process.env['PATH'] ?? '' }
    const result = await clone.startSetupOf([target], {}, { env, programs }).result
    assertSteps(result, { packages: 'done', TensorFlow: 'done', ...NATIVE_DONE, build: 'done' })
  })

  test('what fails ends the rest at once, and is what is said', async t => {
    const clone = new Clone(t)
    writeFileSync(clone.path('node_modules/.package-lock.json'), '{}')
    const place = clone.path('pid')
    const programs = {
      npm: 'echo $$ > "$PLACE"; sleep 600',
      python3: `case "$*" in
        *"pip download"*) while [ ! -s "$PLACE" ]; do sleep 0.05; done; echo "ERROR: no such wheel" >&2; exit 1;;
      esac`
    }
    assertSentence(await clone.setup([], { env: { PLACE: place }, programs }), /^pip cannot download TensorFlow \(no such wheel\)/)
    const npm = Number(readFileSync(place, 'utf8'))
    await until('the end of npm', () => !existsSync(`/proc/${npm}`))
    assert.deepEqual(clone.leftovers(), [])
  })

  test('a start installs what the service needs, and tests add what they need to it', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    const record = clone.path('node_modules/.package-lock.json')
    const [complete, service] = [clone.path('complete.json'), clone.path('service.json')]
    const { packages } = JSON.parse(readFileSync(record, 'utf8')) as Record
    writeFileSync(complete, JSON.stringify({ packages }))
    const needed = Object.entries(packages).filter(([, { dev }]) => dev !== true)
    writeFileSync(service, JSON.stringify({ packages: Object.fromEntries(needed) }))
    writeFileSync(record, '{}')

    const env = { CALLS: clone.path('calls') }
    const start = await clone.setup(['--service'], { env, programs: { npm: npmLeaving(service) } })
    assertSteps(start, { ...ALL_SKIPPED, packages: 'done', ...NATIVE_DONE, build: 'done' })
    assertSteps(await clone.setup(['--service'], { programs: { npm: 'exit 1' } }), ALL_SKIPPED)
    const tests = await clone.setup([], { env, programs: { npm: npmLeaving(complete) } })
    assertSteps(tests, { ...ALL_SKIPPED, packages: 'done', build: 'done' })
    assertSteps(await clone.setup([], { programs: { npm: 'exit 1' } }), ALL_SKIPPED)

    // The lock file has another version of one.
    const { 'node_modules/pino': pino, ...others } = packages
    writeFileSync(record, JSON.stringify({ packages: { ...others, 'node_modules/pino': { ...pino, version: '0.0.1' } } }))
    const again = await clone.setup(['--service'], { env, programs: { npm: npmLeaving(complete) } })
    assertSteps(again, { ...ALL_SKIPPED, packages: 'done' })

    const calls = readFileSync(env.CALLS, 'utf8').split('\n')
    assert.match(calls[0] ?? '', /^ci --omit=dev --ignore-scripts/)
    for (const call of calls.slice(1, 3)) assert.match(call, /^install --no-save --include=dev --ignore-scripts/)
  })

  test('where package.json wants what the lock file does not name, npm ci refuses it', async t => {
    const clone = new Clone(t)
    clone.seedTensorflow()
    const record = clone.path('node_modules/.package-lock.json')
    const installed = JSON.parse(readFileSync(record, 'utf8')) as Record
    installed.packages['node_modules/eslint'] = { version: '0.0.1' }
    writeFileSync(record, JSON.stringify(installed))
    const wanted = JSON.parse(readFileSync(clone.path('package.json'), 'utf8')) as { devDependencies: { [name: string]: string } }
    wanted.devDependencies['unheard-of'] = '1.0.0'
    clone.write('package.json', JSON.stringify(wanted))
    const npm = 'case "$1" in ci) echo "npm error unheard-of is not in the lock file" >&2;; esac; exit 1'
    assertSentence(await clone.setup([], { programs: { npm } }), /^npm failed \(unheard-of is not in the lock file\)/)
  })
})
