import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServiceError } from '../../../src/base/errors.js'
import type { JsonListener } from '../../../src/intake/json/listener.js'
import { JsonOutline, type ReaderOf } from '../../../src/intake/json/outline.js'
import { JsonScanner } from '../../../src/intake/json/scanner.js'

/** Notes what it is told of, with the depths that it is told. */
class Notes implements JsonListener {
  readonly lines: string[] = []

  open (kind: string, depth: number): void { this.lines.push(`${kind} ${depth}`) }
  close (depth: number): void { this.lines.push(`close ${depth}`) }
  literal (value: boolean | null, depth: number): void { this.lines.push(`${value} ${depth}`) }
  number (depth: number): boolean { return this.lines.push(`number ${depth}`) > 0 }
  numberValue (value: number): void { this.lines.push(`= ${value}`) }
  string (isKey: boolean, depth: number): boolean { return this.lines.push(`${isKey ? 'key' : 'string'} ${depth}`) > 0 }
  text (bytes: Buffer, start: number, end: number): void { this.lines.push(`= ${bytes.toString('utf8', start, end)}`) }
  endOfText (): void { this.lines.push('end') }
}

function outline (json: string, readerOf: ReaderOf = () => undefined): unknown {
  const listener = new JsonOutline(readerOf)
  const scanner = new JsonScanner(listener)
  scanner.push(Buffer.from(json))
  scanner.end()
  return listener.value
}

suite('an outline', () => {
  for (const json of ['{}', '[]', '1', '"a"', 'null', '{"a":{"b":[1,"é",{"c":true}],"d":-0.5},"e":[[],[[2]]]}', '{"a":1,"a":[2]}']) {
    test(`is what JSON.parse makes of ${json}`, () => {
      assert.equal(JSON.stringify(outline(json)), JSON.stringify(JSON.parse(json)))
    })
  }

  test('has no members that are null', () => {
    const json = '{"a":null,"b":[null,{"c":null}],"d":1,"d":null,"e":null,"e":2}'
    assert.equal(JSON.stringify(outline(json)), '{"b":[null,{}],"e":2}')
  })

  test('has names of its own only', () => {
    const value = outline('{"__proto__":{"a":1}}') as Record<string, unknown>
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal(value.a, undefined)
  })

  test('asks with the way to each value', () => {
    const asked: string[] = []
    outline('{"a":[1,{"b":[2]}],"c":"x"}', (path, kind) => {
      asked.push(`${path.join('.')} ${kind}`)
      return undefined
    })
    assert.deepEqual(asked, [' object', 'a array', 'a.0 scalar', 'a.1 object', 'a.1.b array', 'a.1.b.0 scalar', 'c scalar'])
  })

  test('leaves out what has a reader, which is told of it alone', () => {
    const readers: Notes[] = []
    const value = outline('{"x":{"a":[1]},"y":"t","z":7,"rest":[true,"u"],"x2":[null],"x3":null}', ([name, more]) => {
      if (!/^[xyz]/.test(String(name)) || more !== undefined) return undefined
      readers.push(new Notes())
      return readers.at(-1)
    }) as Record<string, unknown>
    assert.deepEqual(readers.map(({ lines }) => lines.join()), [
      'object 0,key 1,= a,end,array 1,number 2,= 1,close 1,close 0', 'string 0,= t,end', 'number 0,= 7', 'array 0,null 1,close 0'
    ])
    assert.deepEqual([value.x, value.y, value.z, value.x2], readers)
    assert.equal('x3' in value, false)
    assert.deepEqual(value.rest, [true, 'u'])
  })

  test('is bounded', () => {
    const tooMuch = { code: 'malformed_body', name: 'ServiceError' } satisfies Partial<ServiceError>
    assert.throws(() => outline(JSON.stringify(['x'.repeat(1025)])), tooMuch)
    assert.throws(() => outline(JSON.stringify({ ['x'.repeat(1025)]: 1 })), tooMuch)
    assert.throws(() => outline(JSON.stringify(new Array(10_000).fill(1))), tooMuch)
    assert.throws(() => outline(JSON.stringify(new Array(1000).fill('x'.repeat(1000)))), tooMuch)
  })
})
