import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { ALL_SKIPPED, assertSteps, Clone } from '../support/setup-clone.js'

const BUILT = { ...ALL_SKIPPED, build: 'done' } as const

/** A clone of three files that is set up. */
async function builtClone (t: TestContext): Promise<Clone> {
  const clone = new Clone(t)
  clone.seedTensorflow()
  clone.write('src/one.ts', 'export const one: number = 1\n')
  clone.write('test/one.test.ts', "import { one } from '../src/one.js'\nconsole.log(one)\n")
  const { code, stderr } = await clone.setup()
  assert.equal(code, 0, stderr)
  return clone
}

/** Runs the compiler as `npx tsc -p .` does. */
function compileByHand (clone: Clone): void {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/@typescript/native/bin/tsc', '-p', '.'], { cwd: clone.folder })
  assert.equal(status, 0, String(stdout))
}

const compiled = (clone: Clone, name: string): string => readFileSync(clone.path(`dist/${name}`), 'utf8')

suite('the build', () => {
  test('compiles what changed and leaves the rest as it is', async t => {
    const clone = await builtClone(t)
    appendFileSync(clone.path('dist/src/main.js'), '// as it was\n')
    clone.write('src/one.ts', 'export const one: number = 2\n')
    assertSteps(await clone.setup(), BUILT)
    assert.match(compiled(clone, 'src/one.js'), /one = 2/)
    assert.match(compiled(clone, 'src/main.js'), /as it was/)
  })

  test('finds what a change breaks elsewhere', async t => {
    const clone = await builtClone(t)
    clone.write('src/one.ts', 'export const two: number = 2\n')
    const { code, stderr } = await clone.setup()
    assert.equal(code, 1)
    assert.match(stderr, /test\/one\.test\.ts.*TS2305/)
    assert.match(compiled(clone, 'src/one.js'), /one = 1/)
  })

  test('deletes the outputs of sources that are gone, and the folders that held them alone', async t => {
    const clone = await builtClone(t)
    rmSync(clone.path('test'), { recursive: true })
    clone.write('test/other.ts', 'export const other = 1\n')
    assertSteps(await clone.setup(), BUILT)
    assert.ok(!clone.has('dist/test/one.test.js') && clone.has('dist/test/other.js'))
    rmSync(clone.path('test'), { recursive: true })
    assertSteps(await clone.setup(), BUILT)
    assert.ok(!clone.has('dist/test'))
  })

  test('notices that the compiler was run by hand, of other sources than those that are there now', async t => {
    const clone = await builtClone(t)
    clone.write('src/one.ts', 'export const one: number = 2\n')
    compileByHand(clone)
    assert.match(compiled(clone, 'src/one.js'), /one = 2/)
    clone.write('src/one.ts', 'export const one: number = 1\n')
    assertSteps(await clone.setup(), BUILT)
    assert.match(compiled(clone, 'src/one.js'), /one = 1/)
    assertSteps(await clone.setup(), ALL_SKIPPED)
  })

  test('builds for a start what that needs, and all where tests were built before', async t => {
    const clone = await builtClone(t)
    clone.write('src/one.ts', 'export const one: number = 2\n')
    assertSteps(await clone.setup(['--service']), BUILT)
    assert.ok(clone.has('dist/test/one.test.js'))
    assertSteps(await clone.setup(), ALL_SKIPPED)

    rmSync(clone.path('dist'), { recursive: true })
    assertSteps(await clone.setup(['--service']), BUILT)
    assert.ok(clone.has('dist/src/one.js') && clone.has('dist/page/main.js') && !clone.has('dist/test'))
    clone.write('test/one.test.ts', 'export {}\n')
    assertSteps(await clone.setup(['--service']), ALL_SKIPPED)
    assertSteps(await clone.setup(), BUILT)
    assert.ok(clone.has('dist/test/one.test.js'))
  })
})
