import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')

interface Layers { readonly MAY_USE: Readonly<Record<string, readonly string[]>> }
const { MAY_USE } = await import(pathToFileURL(join(ROOT, '.dependency-cruiser.mjs')).href) as Layers

const isPath = (span: string): boolean => /^\.?[\w-]+(?:[/.][\w-]+)*(?:\/|\.ts|\.mjs)$/.test(span)
/** `function()`, `Class.method()` or `Type`. */
const isName = (span: string): boolean => /^(?:[A-Za-z]\w*(?:\.\w+)?\(\)|[A-Z][a-z]+[A-Za-z]*)$/.test(span)

/** A path of the page is one of src/, or of the repository. */
function find (path: string): string | undefined {
  return [join(ROOT, 'src', path), join(ROOT, path)].find((one) => existsSync(one))
}

/** What stands in backticks, line by line. */
function spans (text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
}

/** Whether TypeScript's text defines a function, class, type or constant, or a method with a body or a type. */
function defines (source: string, name: string): boolean {
  const declared = new RegExp(`^(?:export )?(?:abstract |async )?(?:function\\*?|class|interface|type|const) \\*? ?${name}\\b`, 'm')
  const method = new RegExp(`^ +(?:(?:private|protected|static|async|override|get) )*\\*?${name}(?:<[^(]*>)? \\(.*\\)(?:: .*)? \\{$`, 'm')
  return declared.test(source) || method.test(source)
}

suite('docs/architecture.md', () => {
  test('every file and folder that it names is there', () => {
    const paths = spans(PAGE).filter(isPath)
    assert.ok(paths.length > 50)
    assert.deepEqual(paths.filter((path) => find(path) === undefined), [])
  })

  test('every function and type that it names is defined in the file named before it', () => {
    const missing: string[] = []
    let named = 0
    for (const line of PAGE.split('\n')) {
      let path = ''
      for (const span of spans(line)) {
        if (isPath(span)) path = span
        if (!isName(span)) continue
        named++
        const file = find(path)
        const source = file === undefined || path.endsWith('/') ? '' : readFileSync(file, 'utf8')
        if (!span.replace('()', '').split('.').every((name) => defines(source, name))) missing.push(`${path} ${span}`)
      }
    }
    assert.ok(named > 30)
    assert.deepEqual(missing, [])
  })

  test('its table has every folder, and what each may use as lint has it', () => {
    const rows = [...PAGE.matchAll(/^\| `(\w+)\/` \| [^|]+ \| ([^|]+) \|$/gm)]
    const table = Object.fromEntries(rows.map(([, folder = '', used = '']) => [folder, used.trim() === 'everything' ? [''] : spans(used)]))
    assert.deepEqual(table, MAY_USE)
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
    assert.deepEqual(Object.keys(table).sort(), folders.sort())
  })
})
