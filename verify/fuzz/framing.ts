import { post, request, type HeaderLines } from './case.js'
import type { Draw } from './draw.js'
import { mutate } from './mutate.js'

const POST = 'POST /classify HTTP/1.1'

/** A body in chunks of any size, with extensions and trailers (RFC 9112 section 7.1). */
export function inChunks (headers: HeaderLines, body: Buffer, draw: Draw): Buffer {
  const most = draw.oneOf(1, 10, 1000, 65536)
  const pieces: Buffer[] = []
  // So many tiny chunks say no more than a few.
  const least = Math.ceil(body.length / 500)
  for (let start = 0; start < body.length;) {
    const piece = body.subarray(start, start + least + draw.below(most))
    const size = draw.oneOf(piece.length.toString(16), piece.length.toString(16).toUpperCase(), `00${piece.length.toString(16)}`)
    pieces.push(Buffer.from(`${size}${draw.oneOf('', '', ';a=b', ';a="b c"')}\r\n`), piece, Buffer.from('\r\n'))
    start += piece.length
  }
  const trailer = draw.oneOf('', '', 'x-trailer: 1\r\n')
  return request(POST, [...headers, ['transfer-encoding', 'chunked']], Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n`)]))
}

export function inBrokenChunks (headers: HeaderLines, body: Buffer, draw: Draw): Buffer {
  const whole = inChunks(headers, body, draw)
  const size = draw.oneOf('-1', '0x10', 'ffffffffffffffff', '7fffffff', '1 ', ' 1', '', 'g', '1;', `1;${'a'.repeat(20_000)}`, '\n', '+1')
  const chunk = Buffer.from(`${size}\r\n`)
  return draw.oneOf(
    () => request(POST, [...headers, ['transfer-encoding', 'chunked']], Buffer.concat([chunk, body, Buffer.from('\r\n0\r\n\r\n')])),
    () => Buffer.concat([whole.subarray(0, whole.indexOf('\r\n\r\n') + 4), mutate(whole.subarray(whole.indexOf('\r\n\r\n') + 4), draw)]),
    () => whole.subarray(0, -draw.between(1, 7))
  )()
}

/** A length that is none, or not the body's. */
export function withWrongLength (headers: HeaderLines, body: Buffer, draw: Draw): Buffer {
  const { length } = body
  const said = draw.oneOf(
    String(draw.below(length + 1)), String(length + draw.between(1, 100)), '-1', `-${length}`, `+${length}`, `0x${length.toString(16)}`,
    '', ' ', '9'.repeat(18), '9'.repeat(19), '18446744073709551615', '18446744073709551616', '9'.repeat(100), `${length}, ${length}`,
    `${length} ${length}`, '1e3', `${length}.0`, String(2 ** 31), String(2 ** 32), String(2 ** 53)
  )
  const second: HeaderLines = draw.oneOf<HeaderLines>(
    [], [], [['content-length', String(length)]], [['content-length', String(length + 1)]], [['transfer-encoding', 'chunked']],
    [['transfer-encoding', 'identity']], [['transfer-encoding', 'gzip, chunked']], [['transfer-encoding', 'chunked, chunked']]
  )
  return request(POST, [...headers, ['content-length', said], ...second], body)
}

/** A connection that breaks off anywhere. */
export function brokenOff (headers: HeaderLines, body: Buffer, draw: Draw): Buffer {
  const whole = post(headers, body)
  return whole.subarray(0, draw.below(whole.length))
}
