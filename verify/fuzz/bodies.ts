import type { Sample } from './corpus.js'
import type { Draw } from './draw.js'
import { compressed } from './compressed.js'
import { mutate } from './mutate.js'
import type { TypedBody } from './typed-body.js'

export function imageBody (sample: Sample, draw: Draw): TypedBody {
  const type = draw.oneOf<string | undefined>(
    sample.type, sample.type, `${sample.type};q=1`, 'image/png', 'image/svg+xml', 'application/octet-stream',
    'application/x-www-form-urlencoded', undefined, 'text/plain', 'image/', '/', ';', '\xff'
  )
  return compressed({ type, bytes: mutate(sample.bytes, draw) }, draw)
}

export function formBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const boundary = draw.oneOf('x', '----WebKitFormBoundaryABC123', "'()+_,-./:=?", 'a'.repeat(70), 'a'.repeat(300))
  const parts = Array.from({ length: draw.below(5) }, () => part(boundary, draw.oneOf(...samples), draw))
  const bytes = Buffer.concat([...parts, Buffer.from(draw.once(5) ? '' : `--${boundary}--${draw.oneOf('', '\r\n', 'epilogue')}`)])
  const declared = draw.oneOf(boundary, boundary, boundary, `"${boundary}"`, 'other', '')
  const name = draw.oneOf('multipart/form-data', 'multipart/form-data', 'Multipart/Form-Data', 'multipart/mixed', 'multipart/related')
  const type = draw.oneOf(
    `${name}; boundary=${declared}`, `${name};boundary=${declared};charset=utf-8`, `${name}; charset=x; Boundary=${declared}`
  )
  return compressed({ type: draw.once(20) ? name : type, bytes: draw.once(2) ? mutate(bytes, draw) : bytes }, draw)
}

function part (boundary: string, sample: Sample, draw: Draw): Buffer {
  const name = draw.oneOf('image', 'file', '__proto__', '', 'ü', 'a'.repeat(500))
  const filename = draw.oneOf('; filename="cat.jpg"', '; filename=""', "; filename*=UTF-8''%e2%82%ac.png", '; filename="a\\"b;c"', '')
  const ofField = `form-data; name="${name}"`
  const disposition = draw.oneOf(`${ofField}${filename}`, ofField, 'form-data', '', 'attachment', 'inline')
  const type = draw.oneOf(sample.type, sample.type, 'application/octet-stream', 'text/plain', 'application/json', 'multipart/mixed', '')
  const encoding = draw.oneOf('', '', '', 'base64', 'binary', 'quoted-printable', 'x'.repeat(draw.below(200)))
  const lines = [
    ...draw.once(10) ? [] : [`content-disposition: ${disposition}`],
    ...type === '' ? [] : [`content-type: ${type}`],
    ...encoding === '' ? [] : [`Content-Transfer-Encoding: ${encoding}`],
    ...draw.oneOf<string[]>([], [], [`x: ${'a'.repeat(draw.below(3000))}`], ['broken'], ['x: a', ' folded'])
  ]
  const lineEnd = draw.once(10) ? '\n' : '\r\n'
  const head = `--${boundary}\r\n${lines.join(lineEnd)}${draw.once(20) ? '' : lineEnd + lineEnd}`
  return Buffer.concat([Buffer.from(head), contentOf(sample, encoding, draw), Buffer.from('\r\n')])
}

function contentOf (sample: Sample, encoding: string, draw: Draw): Buffer {
  const bytes = draw.once(2) ? mutate(sample.bytes, draw) : sample.bytes
  if (encoding === 'base64') return Buffer.from(base64(sample, draw))
  return draw.oneOf(bytes, bytes, bytes, Buffer.alloc(0), Buffer.from('text'), Buffer.from('{"a":1}'), Buffer.from(base64(sample, draw)))
}

export function jsonBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const entry = (): string => draw.oneOf(() => JSON.stringify(base64(draw.oneOf(...samples), draw)), () => jsonValue(draw))()
  const images = `[${Array.from({ length: draw.once(10) ? draw.below(40) : draw.below(4) }, entry).join(',')}]`
  const member = (): string => `"${draw.oneOf('a', 'images', '__proto__')}":${jsonValue(draw)}`
  const text = draw.oneOf(`{"images":${images}}`, `{${member()},"images":${images}}`, `{"images":${images},${member()}}`, jsonValue(draw))
  const spelled = draw.oneOf(text, text, text.replaceAll('A', '\\u0041'), ` \n${text}\r\n`, text.replaceAll(',', ' ,\t'), `\ufeff${text}`)
  const bytes = Buffer.from(spelled)
  const type = draw.oneOf(
    'application/json', 'application/json; charset=utf-8', 'text/json', 'application/vnd.api+json', 'application/x-www-form-urlencoded',
    undefined
  )
  return compressed({ type, bytes: draw.once(2) ? mutate(bytes, draw) : bytes }, draw)
}

function base64 (sample: Sample, draw: Draw): string {
  const bytes = draw.once(2) ? mutate(sample.bytes, draw) : sample.bytes
  const text = bytes.toString(draw.oneOf('base64', 'base64url'))
  const url = `data:${sample.type};base64,${text}`
  const wrapped = draw.oneOf(
    text, text.replace(/.{76}/g, '$&\r\n'), url, `  ${url.replace(/^.*,/, (head) => head.toUpperCase())}`, encodeURIComponent(url),
    text.slice(draw.below(4))
  )
  return draw.once(4) ? mutate(Buffer.from(wrapped), draw).toString('latin1') : wrapped
}

function jsonValue (draw: Draw): string {
  const depth = draw.between(1, 50)
  return draw.oneOf(
    '1', '-0', '1e999', 'nul', `1${'0'.repeat(draw.below(2000))}`, 'true', 'null', '"\\ud800"', '{}', '[]', '{"":{"":[]}}', '"a', '01',
    '['.repeat(depth) + ']'.repeat(depth), '{"a":'.repeat(depth) + '1' + '}'.repeat(depth), `[${'{},'.repeat(draw.below(500))}1]`
  )
}
