import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { packagePath } from '../../src/base/package-root.js'

const read = (path: string): string => readFileSync(packagePath(path), 'utf8')
const page = read('CONTRIBUTING.md')
const spans = [...page.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)

suite('CONTRIBUTING.md names what there is', () => {
  test('files and folders', () => {
    // A word of a command may be a path, too, but for those below dist/, which are built.
    const words = [...spans, ...page.matchAll(/^(?:[A-Z_]+=\S+ )*node .*$/gm)].flatMap((span) => String(span).split(' '))
    const paths = words.filter((word) => /^(?:[\w.-]+\/)+[\w.-]*$/.test(word) && !word.startsWith('dist/'))
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    assert.ok(paths.length > 30)
    assert.deepEqual([...paths, ...links].filter((path) => !path.startsWith('../') && !existsSync(packagePath(path)) && !testsOf(path)), [])
  })

  test('scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
    const named = spans.flatMap((span) => [...span.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, name = '']) => name))
    assert.ok(named.length > 15)
    assert.deepEqual(named.filter((name) => !Object.hasOwn(scripts, name)), [])
  })

  test('every generator, in the words of what it writes', () => {
    const written = [...read('scripts/generate.mjs').matchAll(/^ {2}'\S+': '(.+?)(?:, from .+)?',?$/gm)].map(([, what = '']) => what)
    assert.equal(written.length, 4)
    for (const what of written) assert.ok(page.includes(what) || page.includes(`\`${what}\``), what)
  })
})

/** Whether it is part of the path of a test file, as `npm test -- model/labels` has it. */
function testsOf (path: string): boolean {
  return existsSync(packagePath(`test/${path}`)) || existsSync(packagePath(`test/${path}.test.ts`))
}
