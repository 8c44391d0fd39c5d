import type { Sample } from './corpus.js'
import type { HeaderLines } from './case.js'
import type { Draw } from './draw.js'
import { mutate } from './mutate.js'

/** A body with the type that its sender gives it; undefined for none. */
export interface TypedBody {
  readonly type: string | undefined
  /** Others that say how to read it. */
  readonly headers?: HeaderLines
  readonly bytes: Buffer
}

export function imageBody (sample: Sample, draw: Draw): TypedBody {
  const type = draw.oneOf<string | undefined>(
    sample.type, sample.type, `${sample.type};q=1`, 'image/png', 'image/svg+xml', 'application/octet-stream',
    'application/x-www-form-urlencoded', undefined, 'text/plain', 'image/', '/', ';', '\xff'
  )
  return { type, bytes: mutate(sample.bytes, draw) }
}

export function formBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const boundary = draw.oneOf('x', '----WebKitFormBoundaryABC123', "'()+_,-./:=?", 'a'.repeat(70), 'a'.repeat(300))
  const parts = Array.from({ length: draw.below(5) }, () => part(boundary, draw.oneOf(...samples), draw))
  const bytes = Buffer.concat([...parts, Buffer.from(draw.once(5) ? '' : `--${boundary}--${draw.oneOf('', '\r\n', 'epilogue')}`)])
  const declared = draw.oneOf(boundary, boundary, boundary, `"${boundary}"`, 'other', '')
  const type = draw.oneOf(`multipart/form-data; boundary=${declared}`, `multipart/form-data;boundary=${declared};charset=utf-8`)
  return { type: draw.once(20) ? 'multipart/form-data' : type, bytes: draw.once(2) ? mutate(bytes, draw) : bytes }
}

function part (boundary: string, sample: Sample, draw: Draw): Buffer {
  const name = draw.oneOf('image', 'file', '__proto__', '', 'ü', 'a'.repeat(500))
  const filename = draw.oneOf('; filename="cat.jpg"', '; filename=""', "; filename*=UTF-8''%e2%82%ac.png", '; filename="a\\"b;c"', '')
  const disposition = draw.oneOf(`form-data; name="${name}"${filename}`, 'form-data', '', 'attachment')
  const extra = draw.oneOf('', '', 'content-transfer-encoding: base64\r\n', `x: ${'a'.repeat(draw.below(3000))}\r\n`, 'broken\r\n')
  const head = `--${boundary}\r\ncontent-disposition: ${disposition}\r\ncontent-type: ${sample.type}\r\n${extra}\r\n`
  return Buffer.concat([Buffer.from(head), draw.once(2) ? mutate(sample.bytes, draw) : sample.bytes, Buffer.from('\r\n')])
}

export function jsonBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const entry = (): string => draw.oneOf(() => JSON.stringify(base64(draw.oneOf(...samples), draw)), () => jsonValue(draw))()
  const images = `[${Array.from({ length: draw.once(10) ? draw.below(40) : draw.below(4) }, entry).join(',')}]`
  const member = (): string => `"${draw.oneOf('a', 'images', '__proto__')}":${jsonValue(draw)}`
  const text = draw.oneOf(`{"images":${images}}`, `{${member()},"images":${images}}`, `{"images":${images},${member()}}`, jsonValue(draw))
  const spelled = draw.oneOf(text, text, text.replaceAll('A', '\\u0041'), ` \n${text}\r\n`, text.replaceAll(',', ' ,\t'))
  const bytes = Buffer.from(spelled)
  const type = draw.oneOf('application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', undefined)
  return { type, bytes: draw.once(2) ? mutate(bytes, draw) : bytes }
}

function base64 (sample: Sample, draw: Draw): string {
  const bytes = draw.once(2) ? mutate(sample.bytes, draw) : sample.bytes
  const text = bytes.toString(draw.oneOf('base64', 'base64url'))
  const wrapped = draw.oneOf(text, text.replace(/.{76}/g, '$&\r\n'), `data:${sample.type};base64,${text}`, text.slice(draw.below(4)))
  return draw.once(4) ? mutate(Buffer.from(wrapped), draw).toString('latin1') : wrapped
}

function jsonValue (draw: Draw): string {
  const depth = draw.between(1, 50)
  return draw.oneOf(
    '1', '-0', '1e999', 'nul', `1${'0'.repeat(draw.below(2000))}`, 'true', 'null', '"\\ud800"', '{}', '[]', '{"":{"":[]}}', '"a', '01',
    '['.repeat(depth) + ']'.repeat(depth), '{"a":'.repeat(depth) + '1' + '}'.repeat(depth), `[${'{},'.repeat(draw.below(500))}1]`
  )
}
