import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { replaceBlock } from '../../../docs/generate/page.js'
import { formatTable, markdownTable } from '../../../verify/table.js'

const TABLE = { header: ['engine', 'ms'], rows: [['ours', '9.5'], ['another']] }
const PAGE = 'above\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nbetween\n<!-- bench:b -->\n<!-- /bench:b -->\n'

suite('tables of the benchmarks', () => {
  test('a terminal gets padded columns, numbers to the right', () => {
    assert.equal(formatTable(TABLE), 'engine    ms\n-------  ---\nours     9.5\nanother     ')
  })

  test('a page gets Markdown, every row as long as the header', () => {
    assert.equal(markdownTable(TABLE), '| engine | ms |\n| --- | --- |\n| ours | 9.5 |\n| another |  |')
  })

  test('a block is replaced as often as wanted, and nothing around it', () => {
    const page = replaceBlock(replaceBlock(PAGE, 'a', 'new\n'), 'b', 'first\n')
    assert.equal(page, 'above\n<!-- bench:a -->\nnew\n<!-- /bench:a -->\nbetween\n<!-- bench:b -->\nfirst\n<!-- /bench:b -->\n')
    assert.equal(replaceBlock(replaceBlock(page, 'a', 'old\n'), 'b', ''), PAGE)
  })

  test('a page without the markers is refused by name', () => {
    assert.throws(() => replaceBlock(PAGE, 'c', ''), /no place for the table c: put <!-- bench:c -->/)
  })
})
