/** A JSON body that is dear to read, and how it is sent. */
export interface JsonShape {
  readonly name: string
  /** Ready to be sent behind the head of a request, in chunks if the head says so. */
  readonly body: () => Buffer
  /** True if the body is framed in chunks. */
  readonly isChunked: boolean
}

/** Below the default of MAX_REQUEST_BYTES. */
const BODY_BYTES = 62_000_000
/** Each byte takes six on the way. */
const BYTES_IN_CHUNKS = 10_000_000
const DEPTH = 30
/** Images that together pass what one body may have, each below MAX_IMAGE_BYTES's default. */
const IMAGES = 6

/** Shapes that take the most time or memory for a byte, each as large as the service takes it. */
export const JSON_SHAPES: readonly JsonShape[] = [
  whole('[{},{},...]', () => filled('{"a":[{}', ',{}', ']}')),
  whole('[[],[],...]', () => filled('{"a":[[]', ',[]', ']}')),
  whole(`${DEPTH} deep, again and again`, () => filled('{"a":[0', `,${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`, ']}')),
  whole('one string', () => filled('{"a":"', 'abcdefgh', '"}')),
  whole('short strings', () => filled('{"a":[""', ',"ab"', ']}')),
  whole('numbers', () => filled('{"a":[0', ',0', ']}')),
  whole('a number without end', () => filled('{"a":1', '0', '}')),
  whole('literals', () => filled('{"a":[null', ',true', ']}')),
  whole('escapes', () => filled('{"a":"', '\\u0041', '"}')),
  whole('space', () => filled('', ' ', '{"images":[]}')),
  whole('keys', () => filled('{"a":1', ',"b":1', '}')),
  whole('keys like the one that counts', () => filled('{"a":1', ',"imagez":1', '}')),
  whole('a huge key', () => filled('{"', 'abcdefgh', '":1}')),
  whole('base64', () => images('ABCDEFGH')),
  whole('base64 with spaces', () => images('A ')),
  whole('base64 of escapes', () => images('\\u0041')),
  chunked('[{},{},...] in chunks of 64 KiB', () => filled('{"a":[{}', ',{}', ']}'), 64 * 1024),
  chunked('[{},{},...] in chunks of a byte', () => filled('{"a":[{}', ',{}', ']}', BYTES_IN_CHUNKS), 1)
]

function whole (name: string, body: () => Buffer): JsonShape {
  return { name, body, isChunked: false }
}

function chunked (name: string, body: () => Buffer, chunkBytes: number): JsonShape {
  return { name, body: () => inChunks(body(), chunkBytes), isChunked: true }
}

/** As many of `piece` as fit. */
function filled (start: string, piece: string, end: string, bytes = BODY_BYTES): Buffer {
  const count = Math.floor((bytes - start.length - end.length) / piece.length)
  const body = Buffer.alloc(start.length + count * piece.length + end.length, piece)
  body.fill(piece, start.length)
  body.write(start)
  body.write(end, body.length - end.length)
  return body
}

function images (piece: string): Buffer {
  const each = filled('"', piece, '"', Math.floor(BODY_BYTES / IMAGES) - 1)
  const list = Array.from({ length: IMAGES }, (_, index) => index === 0 ? [each] : [Buffer.from(','), each]).flat()
  return Buffer.concat([Buffer.from('{"images":['), ...list, Buffer.from(']}')])
}

/** RFC 9112 section 7.1. */
function inChunks (body: Buffer, chunkBytes: number): Buffer {
  const count = Math.ceil(body.length / chunkBytes)
  const framed = Buffer.alloc(body.length + count * (chunkBytes.toString(16).length + 4) + 5)
  let used = 0
  for (let start = 0; start < body.length; start += chunkBytes) {
    const end = Math.min(start + chunkBytes, body.length)
    used += framed.write(`${(end - start).toString(16)}\r\n`, used)
    used += body.copy(framed, used, start, end)
    used += framed.write('\r\n', used)
  }
  used += framed.write('0\r\n\r\n', used)
  return framed.subarray(0, used)
}
