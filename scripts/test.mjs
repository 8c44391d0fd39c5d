#!/usr/bin/env node
import { setMaxListeners } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { asCommand, setup } from './setup.mjs'
import { SetupError } from './setup/errors.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TESTS = join('dist', 'test')
const COVERAGE = join(ROOT, 'coverage')

/** Each file keeps a core busy but for when it waits, as for a timeout, and then another one has it. */
const CONCURRENCY = availableParallelism() + 1

/** A file that takes longer hangs. */
const FILE_TIMEOUT_MS = 5 * 60 * 1000

/** As many files are told of as took longest. */
const SLOWEST = 10

/** The files that take longest begin first, so that none of them is left to run alone at the end. */
const LONGEST = [
  'accuracy/', 'setup.', 'e2e/models.', 'scripts/kernels.', 'cases/models.', 'train/fit/train-network.', 'train/step/gradients.',
  'compiler/random-networks.', 'cli/train', 'cli/quantize.', 'cli/folder.', 'e2e/workers-and-precision.', 'e2e/lifecycle.'
]

/** Tests that drive other programs, which not everybody has, below dist/test: each group has a command of its own. */
const PROGRAMS = {
  /** Chromium. */
  page: ['page/'],
  /** Python, curl, other servers' clients. */
  clients: ['clients/', 'examples/'],
  /** kustomize or kubectl, systemd-analyze. */
  deployment: ['k8s/', 'scripts/systemd.'],
  /** Prometheus and promtool. */
  monitoring: ['monitoring/'],
  /** HAProxy. */
  rollout: ['rollout/rolling-update.'],
  /** A cross compiler and qemu. */
  arm64: ['arm64/'],
  /** Engines and servers that the benchmark compares with. */
  peers: ['bench/peers/', 'bench/engines/python.']
}

/**
 * Runs compiled tests.
 *
 * @param {string[]} files their paths
 * @param {boolean} withCoverage whether to say what they ran, which takes a third of the time more
 * @returns {Promise<boolean>} whether all is well
 */
async function runTests (files, withCoverage) {
  const raw = join(COVERAGE, 'v8')
  if (withCoverage) {
    rmSync(COVERAGE, { recursive: true, force: true })
    // Read by every Node process that the tests start, the servers among them.
    process.env.NODE_V8_COVERAGE = raw
  }
  const failed = []
  const skipped = []
  const durations = []
  const events = run({ files, concurrency: CONCURRENCY, timeout: FILE_TIMEOUT_MS, signal: abortOnSignals() })
  events.on('test:fail', ({ name, todo }) => { if (!todo) failed.push(name) })
  events.on('test:pass', ({ name, skip }) => { if (skip) skipped.push(skip === true ? name : `${name} (${skip})`) })
  events.on('test:complete', ({ name, nesting, details }) => {
    if (nesting === 0 && files.includes(name)) durations.push({ name: relative(join(ROOT, TESTS), name), ms: details.duration_ms })
  })
  // A function, too, which its types do not say.
  const reporter = /** @type {(source: unknown) => void} */ (/** @type {unknown} */ (spec))
  for await (const text of events.compose(reporter)) process.stdout.write(text)

  tellSlowest(durations)

  if (withCoverage) await reportCoverage(raw)
  const skipsAllowed = process.env.FAIL_ON_SKIP !== '1'
  if (!skipsAllowed && skipped.length > 0) {
    process.stdout.write(`\nSkipped, which FAIL_ON_SKIP=1 forbids:\n${skipped.map(name => `  ${name}\n`).join('')}`)
  }
  return failed.length === 0 && (skipsAllowed || skipped.length === 0)
}

/** @param {Array<{ name: string, ms: number }>} durations of files */
function tellSlowest (durations) {
  const slowest = durations.sort((left, right) => right.ms - left.ms).slice(0, SLOWEST)
  const lines = slowest.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${name.replace(/\.js$/, '.ts')}\n`)
  if (durations.length > 1) process.stdout.write(`\nThe slowest files:\n${lines.join('')}`)
}

/**
 * @param {string[]} wanted parts of file names: the files that contain one of them; without any, all but those that drive other programs
 * @param {string | undefined} programs a group of those, or `all` of them, in place of the others
 */
function findTests (wanted, programs) {
  const all = readdirSync(join(ROOT, TESTS), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.js')).sort()
  const files = programs === undefined && wanted.length > 0
    ? all.filter(name => wanted.some(part => join(TESTS, name).includes(part.replace(/\.ts$/, ''))))
    : all.filter(name => pathsOf(programs ?? 'all').some(path => name.startsWith(path)) === (programs !== undefined))
  if (files.length === 0) throw new SetupError(`No test file matches ${wanted.join(' or ')}: name a part of a path under test/.`)
  return files.sort((left, right) => turnOf(left) - turnOf(right)).map(name => join(ROOT, TESTS, name))
}

/** Whether it begins first, second ... */
function turnOf (file) {
  const turn = LONGEST.findIndex(path => file.startsWith(path))
  return turn === -1 ? LONGEST.length : turn
}

function pathsOf (programs) {
  const paths = programs === 'all' ? Object.values(PROGRAMS).flat() : PROGRAMS[programs]
  if (paths === undefined) throw new SetupError(`--programs ${programs}: there are ${Object.keys(PROGRAMS).join(', ')}, and all.`)
  return paths
}

/** Ends the test files' processes together with this one. */
function abortOnSignals () {
  const controller = new AbortController()
  // Each file listens.
  setMaxListeners(0, controller.signal)
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => controller.abort())
  return controller.signal
}

async function reportCoverage (raw) {
  // Only here, since the packages may not have been there when this file was loaded.
  const { Report } = await import('c8')
  /** @type {ConstructorParameters<typeof Report>[0] & { mergeAsync: boolean }} */
  const options = {
    include: ['dist/src/**'],
    // A library's code.
    exclude: ['dist/src/base/typebox.js'],
    src: [join(ROOT, 'dist', 'src')],
    all: true,
    // Every process leaves megabytes, and all of them together are more than the heap holds.
    mergeAsync: true,
    reporter: ['text', 'lcovonly'],
    reportsDirectory: COVERAGE,
    tempDirectory: raw,
    resolve: '',
    omitRelative: true
  }
  await new Report(options).run()
  rmSync(raw, { recursive: true, force: true })
}

function readArguments () {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true, options: { coverage: { type: 'boolean', default: false }, programs: { type: 'string' } }
    })
    return { wanted: positionals, withCoverage: values.coverage, programs: values.programs }
  } catch (error) {
    throw new SetupError(error.message)
  }
}

await asCommand(async () => {
  await setup({ development: true, quiet: true })
  process.chdir(ROOT)
  const { wanted, withCoverage, programs } = readArguments()
  process.exitCode = await runTests(findTests(wanted, programs), withCoverage) ? 0 : 1
})
