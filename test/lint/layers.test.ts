import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import { tempFolder } from '../support/temp-folder.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Files by their paths, each importing others: `>` a value, `~` a type only. */
type Tree = Readonly<Record<string, readonly string[]>>

/** Runs the check of the layers on a tree of files that do nothing but import. */
function check (t: TestContext, tree: Tree): { readonly passed: boolean, readonly output: string } {
  const folder = tempFolder(t)
  for (const name of ['.dependency-cruiser.mjs', 'package.json', 'tsconfig.json']) cpSync(join(ROOT, name), join(folder, name))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const name of ['src', 'bench', 'verify', 'docs/generate', 'test', 'page']) mkdirSync(join(folder, name), { recursive: true })
  for (const [path, imports] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    const statements = imports.map((line) => statement(path, line)).join('\n')
    writeFileSync(join(folder, path), `${statements}\nexport const own = 1\nexport type Own = 1\n`)
  }
  const env = { ...process.env, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'lint:layers'], { cwd: folder, encoding: 'utf8', env })
  return { passed: status === 0, output: stdout + stderr }
}

function statement (from: string, line: string): string {
  const [kind, target = ''] = [line.slice(0, 1), line.slice(1)]
  const isOwn = /^(?:src|bench|verify|docs|test|page)\//.test(target)
  const specifier = isOwn ? `${'../'.repeat(from.split('/').length - 1)}${target.replace(/\.ts$/, '.js')}` : target
  const name = `from${line.replace(/\W/g, '')}`
  return kind === '>' ? `export { own as ${name} } from '${specifier}'` : `export type { Own as ${name} } from '${specifier}'`
}

const ALLOWED: Tree = {
  'src/base/hash.ts': [],
  'src/contract/images.ts': ['>src/base/hash.ts'],
  'src/model/network.ts': ['>src/base/hash.ts'],
  'src/model/input.ts': [],
  'src/preprocess/pixels.ts': ['>src/model/input.ts', '>src/base/hash.ts'],
  'src/sources/files/zip.ts': ['~src/model/network.ts'],
  'src/compiler/fold.ts': ['>src/model/network.ts'],
  'src/engine/tensorflow.ts': ['~@tensorflow/tfjs-node'],
  'src/engine/worker.ts': ['>src/compiler/fold.ts', '>src/engine/tensorflow.ts'],
  'src/engine/worker-process.ts': [],
  'src/engine/pool.ts': ['~src/compiler/fold.ts'],
  'src/telemetry/metrics.ts': ['>src/base/hash.ts'],
  'src/service/slot.ts': ['>src/engine/pool.ts', '>src/preprocess/pixels.ts', '>src/sources/files/zip.ts', '>src/telemetry/metrics.ts'],
  'src/service/embedding.ts': ['~src/contract/images.ts'],
  'src/intake/limits.ts': ['>src/service/slot.ts'],
  'src/routes/classify.ts': ['>src/service/slot.ts', '>src/intake/limits.ts', '>src/contract/images.ts'],
  'src/grpc/infer.ts': ['>src/service/slot.ts', '>src/intake/limits.ts'],
  'src/plugins/observe.ts': ['>src/telemetry/metrics.ts'],
  'src/settings.ts': ['>src/base/hash.ts'],
  'src/config.ts': ['>src/base/hash.ts', '>src/settings.ts'],
  'src/app.ts': ['>src/routes/classify.ts', '>src/plugins/observe.ts', '~src/config.ts'],
  'src/assembly.ts': ['>src/app.ts', '>src/sources/files/zip.ts'],
  'src/server.ts': ['>src/assembly.ts', '~src/config.ts'],
  'src/start.ts': ['>src/server.ts', '>src/config.ts'],
  'src/main.ts': ['>src/start.ts'],
  'src/cli/index.ts': ['>src/server.ts', '>src/compiler/fold.ts'],
  'verify/harness/server.ts': ['>src/base/hash.ts'],
  'bench/index.ts': ['>src/engine/pool.ts', '>verify/harness/server.ts', '~@tensorflow/tfjs-node'],
  'docs/generate/tables.ts': ['>bench/index.ts'],
  'test/server.ts': ['>src/server.ts', '>bench/index.ts'],
  'page/main.ts': ['>page/dom.ts'],
  'page/service.ts': ['~src/contract/images.ts'],
  'page/dom.ts': []
}

/** Each a file of its own with one import that breaks one rule. */
const FORBIDDEN: ReadonlyArray<readonly [rule: string, from: string, line: string]> = [
  ['base-uses-only-what-is-below', 'src/base/up.ts', '>src/model/network.ts'],
  ['contract-uses-only-what-is-below', 'src/contract/up.ts', '~src/model/network.ts'],
  ['model-uses-only-what-is-below', 'src/model/up.ts', '~src/compiler/fold.ts'],
  ['preprocess-uses-only-what-is-below', 'src/preprocess/up.ts', '>src/model/network.ts'],
  ['sources-uses-only-what-is-below', 'src/sources/up.ts', '>src/compiler/fold.ts'],
  ['compiler-uses-only-what-is-below', 'src/compiler/up.ts', '~src/engine/pool.ts'],
  ['engine-uses-only-what-is-below', 'src/engine/up.ts', '>src/sources/files/zip.ts'],
  ['engine-uses-only-what-is-below', 'src/engine/up-to-model.ts', '>src/model/network.ts'],
  ['telemetry-uses-only-what-is-below', 'src/telemetry/up.ts', '>src/engine/pool.ts'],
  ['service-uses-only-what-is-below', 'src/service/up.ts', '~src/config.ts'],
  ['plugins-uses-only-what-is-below', 'src/plugins/up.ts', '>src/engine/pool.ts'],
  ['routes-uses-only-what-is-below', 'src/routes/up.ts', '>src/plugins/observe.ts'],
  ['service-uses-only-what-is-below', 'src/service/up-to-intake.ts', '~src/intake/limits.ts'],
  ['intake-uses-only-what-is-below', 'src/intake/up.ts', '~src/routes/classify.ts'],
  ['grpc-uses-only-what-is-below', 'src/grpc/borrowed.ts', '~src/routes/classify.ts'],
  ['grpc-uses-only-what-is-below', 'src/grpc/observed.ts', '>src/plugins/observe.ts'],
  ['routes-uses-only-what-is-below', 'src/routes/borrowed.ts', '>src/grpc/infer.ts'],
  ['every-file-has-its-place', 'src/elsewhere/fit.ts', '>src/base/hash.ts'],
  ['commands-are-started', 'src/app-of-mine.ts', '>src/main.ts'],
  ['the-worker-is-started', 'src/engine/pool-of-mine.ts', '~src/engine/worker.ts'],
  ['the-worker-is-started', 'src/engine/process-of-mine.ts', '>src/engine/worker-process.ts'],
  ['tensorflow-is-the-workers', 'src/engine/backend.ts', '~@tensorflow/tfjs-node'],
  ['tensorflow-is-the-workers', 'src/engine/batcher.ts', '>src/engine/tensorflow.ts'],
  ['typebox-is-one-module', 'src/base/schema-of-mine.ts', '>typebox'],
  ['no-tests-in-what-runs', 'bench/borrowed.ts', '>test/server.ts'],
  ['no-tests-in-what-runs', 'src/cli/borrowed.ts', '~test/server.ts'],
  ['nothing-around-the-product-in-it', 'src/cli/measured.ts', '>bench/index.ts'],
  ['nothing-around-the-product-in-it', 'src/cli/driven.ts', '>verify/harness/server.ts'],
  ['no-benchmarks-in-what-verifies', 'verify/measured.ts', '>bench/index.ts'],
  ['the-page-is-of-browsers', 'page/borrowed.ts', '~src/base/hash.ts'],
  ['the-page-is-of-browsers', 'page/node.ts', '>node:fs'],
  ['the-page-has-types-of-the-contract', 'page/checked.ts', '>src/contract/images.ts'],
  ['nothing-but-browsers-runs-the-page', 'src/cli/shown.ts', '>page/dom.ts'],
  ['every-import-is-found', 'src/cli/lost.ts', '>src/cli/nowhere.ts']
]

suite('the layers check', () => {
  test('lets pass what uses only what is below', (t) => {
    const { passed, output } = check(t, ALLOWED)
    assert.ok(passed, output)
  })

  test('names each arrow back up and its rule', (t) => {
    const { passed, output } = check(t, { ...ALLOWED, ...Object.fromEntries(FORBIDDEN.map(([, from, line]) => [from, [line]])) })
    assert.equal(passed, false)
    for (const [rule, from] of FORBIDDEN) {
      assert.match(output, new RegExp(`error ${rule}: ${from} → `), `${rule} lets ${from} pass:\n${output}`)
    }
  })

  test('finds a circle, of types too', (t) => {
    for (const kind of ['>', '~']) {
      const { passed, output } = check(t, { 'src/base/one.ts': ['>src/base/two.ts'], 'src/base/two.ts': [`${kind}src/base/one.ts`] })
      assert.equal(passed, false)
      assert.match(output, /error no-circle: src\/base\/one\.ts/)
    }
  })

  test('TensorFlow is not loaded by its name outside of the worker', async () => {
    const eslint = new ESLint({ cwd: ROOT })
    const load = 'import { createRequire } from \'node:module\'\n\n' +
      'export const library: unknown = createRequire(import.meta.url)(\'@tensorflow/tfjs-node\')\n'
    const errors = async (path: string, text = load): Promise<number> => {
      const [result] = await eslint.lintText(text, { filePath: join(ROOT, path) })
      return result?.errorCount ?? NaN
    }
    assert.equal(await errors('src/service/runtime.ts'), 1)
    assert.equal(await errors('src/engine/tensorflow.ts'), 0)
    assert.equal(await errors('bench/engines/stock.ts'), 0)
    assert.equal(await errors('src/engine/backend.ts', load.replace('-node\'', '-node/package.json\'')), 0)
  })
})
