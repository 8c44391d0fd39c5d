import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServiceError } from '../../src/base/errors.js'
import { Random } from '../../src/base/random.js'
import { JsonImages } from '../../src/routes/json-images.js'
import { MAX_DEPTH } from '../../src/intake/json/scanner.js'

const LIMITS = { maxImageBytes: 100, maxImagesPerRequest: 4, maxRequestBytes: 1e9 }

/** Each image as hexadecimal, or its error's code; the error of the whole as `Error: code`, and broken JSON as `broken`. */
function read (body: Uint8Array | string, pieceLength = Infinity, limits = LIMITS): string[] | string {
  const bytes = Buffer.from(body)
  const reader = new JsonImages(limits)
  try {
    for (let start = 0; start < bytes.length; start += pieceLength) reader.push(bytes.subarray(start, start + pieceLength))
    return reader.end().map((upload) => upload instanceof ServiceError ? upload.code : Buffer.from(upload).toString('hex'))
  } catch (error) {
    assert.ok(error instanceof ServiceError)
    return error.message.startsWith('The body is not valid JSON') ? 'broken' : `Error: ${error.code}`
  }
}

/** The same from a tree. */
function readTree (body: Uint8Array): string[] | string {
  let json: { images?: unknown } | null
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8')) as typeof json
  } catch {
    return 'broken'
  }
  // A list's or a text's property of that name would be none of JSON.
  const images = typeof json === 'object' && !Array.isArray(json) ? json?.images : undefined
  if (!Array.isArray(images)) return 'Error: malformed_body'
  return images.map((image: unknown) => {
    if (typeof image !== 'string') return 'malformed_body'
    const text = image.replace(/[ \t\r\n\f\v]/g, '')
    const decoded = Buffer.from(text, 'base64')
    const isWhole = decoded.length === Math.floor(text.replace(/={1,2}$/, '').length * 3 / 4)
    return isWhole && text.replace(/=*$/, '').length % 4 !== 1 ? decoded.toString('hex') : 'malformed_body'
  })
}

suite('against JSON.parse', () => {
  const random = new Random(12)
  const below = (most: number): number => Math.floor(random.uniform(0, most))
  const oneOf = <T>(...choices: T[]): T => choices[below(choices.length)] as T
  const base64 = (): string => Buffer.from(Array.from({ length: below(40) }, () => below(256))).toString('base64')
  const text = (): string => oneOf('', 'images', 'é"\\/\b\f\n\r\t\u2028\u{1f600}', base64(), 'AA==', 'A', '§§')
  const value = (depth: number): unknown => {
    switch (below(depth > 4 ? 4 : 6)) {
      case 0: return text()
      case 1: return oneOf(true, false, null)
      case 2: return oneOf(0, -0.5, 1e300, 12, 1.5e-9, random.uniform(-9, 9))
      case 3: return oneOf<unknown>([], {})
      case 4: return Array.from({ length: below(4) }, () => value(depth + 1))
      default: return Object.fromEntries(Array.from({ length: below(4) }, () => [text(), value(depth + 1)]))
    }
  }
  const body = (): Buffer => {
    const images = below(4) === 0 ? value(1) : Array.from({ length: below(5) }, () => below(4) === 0 ? value(2) : text())
    const json = JSON.stringify(oneOf(value(0), { [text()]: value(1), images, [text()]: value(1) }), null, oneOf('', ' ', '\t'))
    return Buffer.from(oneOf(json, json.replaceAll('/', '\\/'), json.replaceAll('a', '\\u0061')))
  }
  /** What JSON is made of, and some that it is not. */
  const BYTES = Buffer.from('{}[]",:\\/ \n\t0123456789-+.eEtrufalsn\u0000\u00a0§x')

  test('valid bodies, in pieces of any length', () => {
    for (let round = 0; round < 3000; round++) {
      const bytes = body()
      assert.deepEqual(read(bytes, oneOf(1, 2, 7, Infinity)), readTree(bytes), bytes.toString())
    }
  })

  test('bodies with bytes changed, left out, put in and cut off', () => {
    let broken = 0
    for (let round = 0; round < 20_000; round++) {
      const bytes = [...body()]
      for (let change = below(3); change >= 0; change--) {
        const start = below(BYTES.length)
        bytes.splice(below(bytes.length + 1), below(2), ...BYTES.subarray(start, start + below(2)))
      }
      if (below(5) === 0) bytes.length = below(bytes.length + 1)
      const changed = Uint8Array.from(bytes)
      const expected = readTree(changed)
      if (expected === 'broken') broken++
      // More images than are taken end the reading before what is broken behind them.
      if (Array.isArray(expected) && expected.length > LIMITS.maxImagesPerRequest) continue
      const actual = read(changed, oneOf(1, 3, Infinity))
      if (actual !== 'Error: too_many_images') assert.deepEqual(actual, expected, Buffer.from(changed).toString())
    }
    assert.ok(broken > 5000 && broken < 19_000, `${broken} of 20000 were broken`)
  })
})

suite('limits hold before anything is built', () => {
  const refused = (start: string, piece: string): string | string[] => {
    const reader = new JsonImages(LIMITS)
    try {
      reader.push(Buffer.from(start))
      for (let pieces = 0; pieces < 1000; pieces++) reader.push(Buffer.from(piece))
      return 'taken'
    } catch (error) {
      return (error as ServiceError).code
    }
  }

  test('too many images, of whatever kind', () => {
    for (const entry of ['"AAAA"', '{}', '[]', '1', 'null']) assert.equal(refused('{"images":[0', `,${entry}`), 'too_many_images')
  })

  test('nesting', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"images":["AAAA"]}`
    assert.deepEqual(read(nested(MAX_DEPTH)), ['000000'])
    assert.equal(read(nested(MAX_DEPTH + 1)), 'broken')
    assert.equal(refused('', '['), 'malformed_body')
    assert.equal(refused('', '{"":'), 'malformed_body')
  })

  test('an image that is too large is refused, and the others are not', () => {
    const base64 = (bytes: number): string => Buffer.alloc(bytes, 1).toString('base64')
    const [first, second] = [base64(100), base64(101)]
    const expected = [Buffer.alloc(100, 1).toString('hex'), 'image_too_large', '000000']
    assert.deepEqual(read(`{"images":["${first}","${second}","AAAA"]}`, 5), expected)
  })
})

suite('base64', () => {
  const valid = {
    AAEC: '000102',
    'AAE=': '0001',
    AAE: '0001',
    'AA==': '00',
    AA: '00',
    '': '',
    '-_-_': 'fbffbf',
    'A A\\nEC': '000102',
    'data:image/png;base64,AAEC': '000102',
    'data:,AAEC': '000102',
    data: '75ab5a',
    dat: '75ab',
    ' data': '75ab5a',
    DATA: '0c04c0',
    'DATA:IMAGE/PNG;BASE64,AAEC': '000102',
    ' \\n\\tdata:image/png;base64, AAEC': '000102',
    'data%3Aimage%2Fpng%3bbase64%2CAAEC': '000102',
    '%64ata:image/png;base64,AAEC': '000102',
    '%20%2B%2f%2b/': 'fbffbf',
    'data:image/png;base64,AAE%3D%0D%0A': '0001'
  }
  const broken = [
    'AAE%', 'AAE%3', 'AA%ZZ', '%25', 'AA%2541', 'data%', 'data:image/png;base64%2',
    'A', 'AAECA', 'AAE=AAE=', 'A=AA', 'AA===', 'data:image/png;base64', '§§§§', 'AA*C', `data:${'x'.repeat(2000)},AA`
  ]
  for (const [text, expected] of [...Object.entries(valid), ...broken.map((text) => [text, 'malformed_body'] as const)]) {
    test(JSON.stringify(text.slice(0, 40)), () => {
      for (const pieceLength of [1, 3, 4, Infinity]) assert.deepEqual(read(`{"images":["${text}"]}`, pieceLength), [expected])
    })
  }
})

test('of two members with one name the last counts', () => {
  assert.deepEqual(read('{"images":["AAAA"],"images":["AAEC","AAEC"]}'), ['000102', '000102'])
  assert.equal(read('{"images":["AAAA"],"images":1}'), 'Error: malformed_body')
  assert.equal(read('{"images":["AAAA"],"images":"AAAA"}'), 'Error: malformed_body')
  assert.deepEqual(read('{"a":{"images":["AAAA"]},"\\u0069mages":[]}'), [])
})

test('a byte order mark before the whole is passed over, and nowhere else', () => {
  const mark = '\ufeff'
  for (const pieceLength of [1, 2, Infinity]) {
    assert.deepEqual(read(`${mark} {"images":["AAEC"]}`, pieceLength), ['000102'])
    for (const body of [`${mark}${mark}{"images":[]}`, ` ${mark}{"images":[]}`, mark]) assert.equal(read(body, pieceLength), 'broken')
    assert.equal(read(Buffer.from(`${mark}{"images":[]}`).subarray(1), pieceLength), 'broken')
  }
})
