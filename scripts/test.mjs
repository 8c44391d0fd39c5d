#!/usr/bin/env node
import { setMaxListeners } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { asCommand, setup } from './setup.mjs'
import { SetupError } from './setup/errors.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TESTS = join('dist', 'test')
const COVERAGE = join(ROOT, 'coverage')

/** Servers under test keep a core busy each, and a machine with two cores is the smallest that matters. */
const CONCURRENCY = 2

/** A file that takes longer hangs. */
const FILE_TIMEOUT_MS = 15 * 60 * 1000

/**
 * Runs the compiled tests.
 *
 * @param {string[]} wanted parts of file names; the files that contain one of them run, all when there is none
 * @param {boolean} withCoverage whether to say what they ran, which takes a third of the time more
 * @returns {Promise<boolean>} whether all is well
 */
async function runTests (wanted, withCoverage) {
  const files = findTests(wanted)
  const raw = join(COVERAGE, 'v8')
  if (withCoverage) {
    rmSync(COVERAGE, { recursive: true, force: true })
    // Read by every Node process that the tests start, the servers among them.
    process.env.NODE_V8_COVERAGE = raw
  }
  const failed = []
  const skipped = []
  const events = run({ files, concurrency: CONCURRENCY, timeout: FILE_TIMEOUT_MS, signal: abortOnSignals() })
  events.on('test:fail', ({ name, todo }) => { if (!todo) failed.push(name) })
  events.on('test:pass', ({ name, skip }) => { if (skip) skipped.push(skip === true ? name : `${name} (${skip})`) })
  for await (const text of events.compose(spec)) process.stdout.write(text)

  if (withCoverage) await reportCoverage(raw)
  const skipsAllowed = process.env.FAIL_ON_SKIP !== '1'
  if (!skipsAllowed && skipped.length > 0) {
    process.stdout.write(`\nSkipped, which FAIL_ON_SKIP=1 forbids:\n${skipped.map(name => `  ${name}\n`).join('')}`)
  }
  return failed.length === 0 && (skipsAllowed || skipped.length === 0)
}

function findTests (wanted) {
  const files = readdirSync(join(ROOT, TESTS), { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => join(TESTS, name))
    .filter(name => wanted.length === 0 || wanted.some(part => name.includes(part.replace(/\.ts$/, ''))))
    .sort()
  if (files.length === 0) throw new SetupError(`No test file matches ${wanted.join(' or ')}: name a part of a path under test/.`)
  return files.map(name => join(ROOT, name))
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
  await new Report({
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
  }).run()
  rmSync(raw, { recursive: true, force: true })
}

function readArguments () {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { coverage: { type: 'boolean', default: false } } })
    return { wanted: positionals, withCoverage: values.coverage }
  } catch (error) {
    throw new SetupError(error.message)
  }
}

await asCommand(async () => {
  await setup({ development: true, quiet: true })
  process.chdir(ROOT)
  const { wanted, withCoverage } = readArguments()
  process.exitCode = await runTests(wanted, withCoverage) ? 0 : 1
})
