import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServiceError } from '../../../src/base/errors.js'
import { FormReader } from '../../../src/routes/form/form-reader.js'

const LIMITS = { maxImageBytes: 2000, maxImagesPerRequest: 4, maxRequestBytes: 1e7 }
/** All that a delimiter is made of, and what no text holds. */
const JPEG = Buffer.from('\xff\xd8\xff\xe0\x00\x10JFIF\r\n--\r\n-\r\r\n--b\n\x00\xff\xd9', 'latin1')
const PNG = Buffer.from('\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR', 'latin1')
const FORM = 'multipart/form-data; boundary=bound'

interface Read { readonly images: readonly string[], readonly found: number }

/** Each image in base64, or its error's code. */
function read (body: Buffer | string, contentType = FORM, pieceBytes = Infinity): Read {
  const bytes = Buffer.from(body)
  const reader = new FormReader(contentType, LIMITS)
  for (let start = 0; start < bytes.length; start += pieceBytes) reader.push(bytes.subarray(start, start + pieceBytes))
  const images = reader.end().map((image) => image instanceof ServiceError ? image.code : Buffer.from(image).toString('base64'))
  return { images, found: reader.found }
}

/** A form of parts, each with the lines of its headers. */
function form (...parts: ReadonlyArray<readonly [headers: readonly string[], content: Buffer | string]>): Buffer {
  const pieces = parts.map(([headers, content]) => Buffer.concat([
    Buffer.from(`--bound\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1'), Buffer.from(content), Buffer.from('\r\n')
  ]))
  return Buffer.concat([...pieces, Buffer.from('--bound--\r\n')])
}

const NAMED = ['Content-Disposition: form-data; name="image"; filename="cat.jpg"', 'Content-Type: image/jpeg']
const BASE64 = JPEG.toString('base64')

suite('a part that is a picture', () => {
  const pictures: Record<string, readonly [headers: readonly string[], content?: Buffer | string]> = {
    'as curl and browsers send a file': [NAMED],
    'of an image type without a file name': [['Content-Disposition: form-data; name="image"', 'Content-Type: image/jpeg']],
    'of no known type without a file name': [['Content-Disposition: form-data; name="image"', 'Content-Type: application/octet-stream']],
    'with nothing but a name, as Python\'s requests sends a tuple without a file name': [['Content-Disposition: form-data; name="image"']],
    'with a file name of any script, as .NET sends it': [['content-disposition: form-data; name=image; filename*=utf-8\'\'%e2%82%ac']],
    'with an empty file name and a content': [['Content-Disposition: form-data; name="a"; filename=""', 'Content-Type: text/plain']],
    'as an attachment': [['Content-Disposition: attachment; filename=cat.jpg']],
    inline: [['Content-Disposition: inline', 'Content-Type: image/jpeg']],
    'of an own disposition': [['Content-Disposition: file; filename="cat.jpg"']],
    'without a disposition': [['Content-Type: image/jpeg', 'Content-ID: <image1>']],
    'without headers': [[]],
    'under a type that it is not': [['Content-Disposition: form-data; name="a"; filename="a.json"', 'Content-Type: application/json']],
    'with a quote and a semicolon in its name': [['Content-Disposition: form-data; name="a\\"; b"; filename="c\\";d.jpg"']],
    'with a folded header and a broken line': [['rubbish', 'Content-Disposition: form-data;\r\n name="a";\r\n\tfilename="a.jpg"']],
    'in base64': [[...NAMED, 'Content-Transfer-Encoding: base64'], BASE64.replace(/.{20}/g, '$&\r\n')],
    'in base64 with nothing but a name': [['Content-Disposition: form-data; name="a"', 'Content-Transfer-Encoding: BASE64'], BASE64],
    'in binary': [[...NAMED, 'Content-Transfer-Encoding: binary']],
    'as a data URL in a field': [['Content-Disposition: form-data; name="a"'], `data:image/jpeg;base64,${BASE64}`],
    'in base64 in a field': [['Content-Disposition: form-data; name="a"', 'Content-Type: text/plain'], BASE64]
  }
  for (const [name, [headers, content = JPEG]] of Object.entries(pictures)) {
    test(`${name} is taken, alone and between others`, () => {
      assert.deepEqual(read(form([headers, content])).images, [BASE64])
      const png = PNG.toString('base64')
      assert.deepEqual(read(form([NAMED, PNG], [headers, content], [NAMED, PNG])), { images: [png, BASE64, png], found: 3 })
    })
  }

  const broken: Record<string, readonly [code: string, headers: readonly string[], content: Buffer | string]> = {
    'without content': ['', NAMED, ''],
    'of an image type without content': ['', ['Content-Disposition: form-data; name="a"', 'Content-Type: image/png'], ''],
    'that is too large': ['image_too_large', NAMED, Buffer.alloc(2001)],
    'in base64 that is none': ['malformed_body', [...NAMED, 'Content-Transfer-Encoding: base64'], '§'],
    'in base64 that is too large': [
      'image_too_large', [...NAMED, 'Content-Transfer-Encoding: base64'], Buffer.alloc(2001).toString('base64')
    ],
    'in quoted-printable': ['unsupported_content_encoding', [...NAMED, 'Content-Transfer-Encoding: Quoted-Printable'], '=FF=D8'],
    'that is a form itself': ['malformed_body', ['Content-Type: multipart/mixed; boundary=x'], '--x\r\n\r\n\r\n--x--']
  }
  for (const [name, [code, headers, content]] of Object.entries(broken)) {
    test(`${name} has its error in its place`, () => {
      const png = PNG.toString('base64')
      assert.deepEqual(read(form([NAMED, PNG], [headers, content], [NAMED, JPEG])).images, [png, code, BASE64])
    })
  }

  test('whose headers have no end has its error in its place', () => {
    const body = Buffer.concat([Buffer.from('--bound\r\nContent-Type: image/jpeg\r\n--bound\r\n'), form([NAMED, JPEG]).subarray(9)])
    assert.deepEqual(read(body).images, ['malformed_body', BASE64])
  })
})

suite('what is no picture is passed over', () => {
  const others: Record<string, readonly [headers: readonly string[], content: Buffer | string]> = {
    'a text field': [['Content-Disposition: form-data; name="comment"'], 'data and text, iVBO and SUkq, ü'],
    'an empty field': [['Content-Disposition: form-data; name="comment"'], ''],
    'a long text': [['Content-Disposition: form-data; name="comment"'], 'a'.repeat(5000)],
    'a file input that nobody used': [
      ['Content-Disposition: form-data; name="f"; filename=""', 'Content-Type: application/octet-stream'], ''
    ],
    JSON: [['Content-Disposition: form-data; name="meta"', 'Content-Type: application/json; charset=utf-8'], '{"images":1}'],
    'JSON as a file, as pages send a Blob': [
      ['Content-Disposition: form-data; name="meta"; filename="blob"', 'Content-Type: application/vnd.api+json'], '{}'
    ],
    'JSON in base64': [['Content-Type: application/json', 'Content-Transfer-Encoding: base64'], Buffer.from('{}').toString('base64')],
    'XML beside pictures of multipart/related': [['Content-Type: application/xop+xml'], '<a/>']
  }
  for (const [name, part] of Object.entries(others)) {
    test(name, () => {
      assert.deepEqual(read(form(part)), { images: [], found: 0 })
      assert.deepEqual(read(form(part, [NAMED, JPEG], part)), { images: [BASE64], found: 1 })
    })
  }
})

suite('the form around its parts', () => {
  const part = `Content-Disposition: form-data; name="a"; filename="a"\r\n\r\n${'x'.repeat(100)}`
  const image = Buffer.from('x'.repeat(100)).toString('base64')
  const forms: Record<string, string> = {
    'with text before and behind': `before\r\n--bound\r\n${part}\r\n--bound--\r\nbehind\r\n--bound\r\n${part}`,
    'without a line end at its end': `--bound\r\n${part}\r\n--bound--`,
    'with blanks behind its delimiters': `--bound \t\r\n${part}\r\n--bound--  `,
    'with a delimiter too many': `--bound\r\n${part}\r\n--bound\r\n--bound--`,
    'with line feeds alone in its headers': `--bound\r\n${part.replaceAll('\r', '')}\r\n--bound--`,
    'with an empty field that has no line end': `--bound\r\nContent-Disposition: form-data; name="a"\r\n\r\n--bound\r\n${part}\r\n--bound--`
  }
  for (const [name, body] of Object.entries(forms)) {
    test(name, () => { assert.deepEqual(read(body).images, [image]) })
  }

  test('is the same in pieces of any length', () => {
    const bodies = [...Object.values(forms), form([NAMED, JPEG], [[], 'text'], [['Content-Type: text/plain'], JPEG], [NAMED, PNG])]
    for (const body of bodies) {
      for (const pieceBytes of [1, 2, 3, 5, 7, 11, 64]) assert.deepEqual(read(body, FORM, pieceBytes), read(body))
    }
  })

  test('under each way to write its type', () => {
    const body = form([NAMED, JPEG])
    for (const type of [
      'multipart/form-data; charset=utf-8; boundary="bound"', 'Multipart/Form-Data;BOUNDARY=bound', 'multipart/mixed; boundary=bound',
      'multipart/related; type="application/json"; boundary="bound"; start="<a>"'
    ]) assert.deepEqual(read(body, type).images, [BASE64])
  })

  test('that cannot be read is refused as a whole', () => {
    const whole = form([NAMED, JPEG])
    const refused: ReadonlyArray<readonly [body: Buffer | string, type?: string]> = [
      [whole, 'multipart/form-data'], [whole, 'multipart/form-data; boundary='], ['rubbish'], [whole.subarray(0, -6)],
      [form([[`x: ${'a'.repeat(20_000)}`], 'a'])], [form(...Array.from({ length: 105 }, () => [[], 'a'] as const))]
    ]
    for (const [body, type] of refused) {
      for (const pieceBytes of [1000, Infinity]) assert.throws(() => read(body, type, pieceBytes), { code: 'malformed_body' })
    }
    assert.throws(() => read(form(...Array.from({ length: 5 }, () => [NAMED, 'a'] as const))), { code: 'too_many_images' })
  })

  test('that has nothing in it has no images', () => {
    for (const body of ['', '--bound--', '\r\n--bound--\r\n']) assert.deepEqual(read(body).images, [])
  })
})
