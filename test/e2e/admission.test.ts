import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { startApp, suiteApp } from '../support/app.js'
import { CAT } from '../support/cat.js'
import { metric, untilMetric } from '../support/series.js'
import { until, within } from '../support/until.js'

/* What is refused before it is read. Clients speak raw TCP, so that they decide what is sent when. */

const MIB = 1024 * 1024

const limits = { MAX_BYTES_IN_FLIGHT: String(3 * MIB), MAX_IMAGE_BYTES: String(2 * MIB), MAX_REQUEST_BYTES: String(4 * MIB) }
const server = suiteApp({ REQUEST_TIMEOUT_MS: '20000', ...limits })

async function open (to = server): Promise<Socket> {
  const { hostname, port } = new URL(to.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const head = (headers: string): string => `POST /classify HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`
const announcing = (bytes: number, type = 'image/jpeg'): string => head(`content-type: ${type}\r\ncontent-length: ${bytes}`)
const chunked = (type = 'image/jpeg'): string => head(`content-type: ${type}\r\ntransfer-encoding: chunked`)
const chunk = (bytes: string | number): string => {
  const text = typeof bytes === 'number' ? 'a'.repeat(bytes) : bytes
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

/** The answer to what was sent last, as soon as its end has come. */
async function answer (socket: Socket): Promise<string> {
  let text = ''
  const whole = async (): Promise<string> => {
    while (!/\r\n\r\n.*\}$/s.test(text)) text += String((await once(socket, 'data') as [Buffer])[0])
    return text
  }
  return await within(() => `an answer, beyond ${JSON.stringify(text)}`, whole())
}

function assertProblem (reply: string, status: number, code: string): void {
  assert.match(reply, new RegExp(`^HTTP/1\\.1 ${status} `))
  assert.match(reply, new RegExp(`"code":"${code}"`))
}

const nothingHeld = async (): Promise<void> => {
  await untilMetric(server, 'xception_bytes_in_flight', 0)
  await untilMetric(server, 'xception_queue_length', 0)
}

suite('bytes in flight', () => {
  test('what is announced counts before it comes', async () => {
    const stalled = await open()
    stalled.write(announcing(2 * MIB) + 'abc')
    await untilMetric(server, 'xception_bytes_in_flight', 2 * MIB)
    const refused = await open()
    refused.write(announcing(MIB + 1))
    const reply = await answer(refused)
    assertProblem(reply, 503, 'overloaded')
    assert.match(reply, /retry-after: \d+\r\n/i)
    const taken = await open()
    taken.write(Buffer.concat([Buffer.from(announcing(CAT.length)), CAT]))
    assert.match(await answer(taken), /^HTTP\/1\.1 200 /)
    for (const socket of [stalled, refused, taken]) socket.destroy()
    await nothingHeld()
  })

  test('what announces nothing counts as it comes', async () => {
    const growing = await open()
    growing.write(chunked('application/json') + chunk('{"images":["'))
    await untilMetric(server, 'xception_bytes_in_flight', MIB)
    growing.write(chunk(MIB))
    await untilMetric(server, 'xception_bytes_in_flight', 2 * MIB)
    const other = await open()
    other.write(announcing(MIB))
    await untilMetric(server, 'xception_bytes_in_flight', 3 * MIB)
    growing.write(chunk(MIB))
    assertProblem(await answer(growing), 503, 'overloaded')
    for (const socket of [growing, other]) socket.destroy()
    await nothingHeld()
  })

  test('a body that could never fit is refused for good', async () => {
    const socket = await open()
    socket.write(announcing(3 * MIB + 1, 'application/json'))
    assertProblem(await answer(socket), 413, 'request_too_large')
    socket.destroy()
  })

  test('an upload is let go when it is decoded, not when it is answered', async (t) => {
    const server = await startApp(t, { BATCH_DELAY_MS: '60000', MAX_BATCH_SIZE: '2' })
    const send = async (): Promise<number> => (await fetch(`${server.url}/classify`, { method: 'POST', body: CAT })).status
    const first = send()
    await untilMetric(server, 'xception_decode_duration_seconds_count', 1)
    assert.equal(await metric(server, 'xception_queue_length'), 1)
    assert.equal(await metric(server, 'xception_bytes_in_flight'), 0)
    assert.deepEqual([await send(), await first], [200, 200])
  })
})

suite('a form counts as a whole, whatever it consists of', () => {
  const type = 'multipart/form-data; boundary=x'
  const part = '--x\r\ncontent-disposition: form-data; name="a"'

  test('announced', async () => {
    const socket = await open()
    socket.write(announcing(4 * MIB + 1, type))
    assertProblem(await answer(socket), 413, 'request_too_large')
    socket.destroy()
  })

  for (const [name, start, piece, status, code] of [
    ['fields', '', `${part}\r\n\r\n${'a'.repeat(MIB)}\r\n`, 413, 'request_too_large'],
    ['headers of parts', `${part}\r\n`, `x-long: ${'a'.repeat(MIB)}\r\n`, 400, 'malformed_body'],
    ['an epilogue', '--x--\r\n', 'a'.repeat(MIB), 413, 'request_too_large'],
    ['a preamble', '', 'a'.repeat(MIB), 413, 'request_too_large']
  ] as const) {
    test(name, async () => {
      const socket = await open()
      const answered = answer(socket)
      socket.write(chunked(type) + chunk(start + piece) + chunk(piece).repeat(3))
      assertProblem(await answered, status, code)
      socket.destroy()
      await nothingHeld()
    })
  }

  test('a hundred and one fields are too many, and a name that JavaScript gives a meaning is only a name', async () => {
    const send = async (fields: number): Promise<number> => {
      const form = new FormData()
      for (let field = 0; field < fields; field++) form.append('__proto__', 'text')
      form.append('constructor', new Blob([CAT]), 'toString')
      return (await fetch(`${server.url}/classify`, { method: 'POST', body: form })).status
    }
    assert.deepEqual([await send(100), await send(101)], [200, 400])
  })
})

suite('a request that is refused is answered at once', () => {
  test('one that asks before it sends is not told to go on', async () => {
    const socket = await open()
    socket.write(head(`content-type: image/jpeg\r\ncontent-length: ${3 * MIB}\r\nexpect: 100-continue`))
    assertProblem(await answer(socket), 413, 'image_too_large')
    socket.destroy()
  })

  test('one that asks and is admitted is told to go on', async () => {
    const socket = await open()
    socket.write(head(`content-type: image/jpeg\r\ncontent-length: ${CAT.length}\r\nexpect: 100-continue`))
    const [first] = await once(socket, 'data') as [Buffer]
    assert.match(first.toString(), /^HTTP\/1\.1 100 Continue\r\n/)
    socket.write(CAT)
    assert.match(await answer(socket), /^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  for (const [name, headers] of [
    ['and keeps its connection', ''],
    ['and wants its connection closed', '\r\nconnection: close'],
    ['and asked before', '\r\nexpect: 100-continue'],
    ['and asked before and wants its connection closed', '\r\nexpect: 100-continue\r\nconnection: close']
  ] as const) {
    test(`a client that sends everything before it reads ${name} has its answer`, async () => {
      const socket = await open()
      socket.pause()
      const body = Buffer.alloc(3 * MIB)
      // So that the server answers long before the client is done.
      socket.write(head(`content-type: image/jpeg\r\ncontent-length: ${body.length}${headers}`))
      for (let start = 0; start < body.length; start += MIB) {
        await new Promise((resolve) => setTimeout(resolve, 30))
        await promisify<Buffer, void>((piece, done) => { socket.write(piece, done) })(body.subarray(start, start + MIB))
      }
      socket.resume()
      assertProblem(await answer(socket), 413, 'image_too_large')
      socket.destroy()
    })
  }

  test('a client that never stops sending is cut off', async () => {
    const socket = await open()
    socket.write(announcing(3 * MIB))
    assertProblem(await answer(socket), 413, 'image_too_large')
    const trickle = setInterval(() => { socket.write('a') }, 100)
    await once(socket, 'close')
    clearInterval(trickle)
  })
})

test('a request has its place in the queue before its body is read', async (t) => {
  const server = await startApp(t, { QUEUE_SIZE: '1', MAX_BATCH_SIZE: '1', MAX_IMAGES_PER_REQUEST: '1' })
  const stalled = await open(server)
  stalled.write(announcing(1000) + 'abc')
  await untilMetric(server, 'xception_queue_length', 1)
  const refused = await open(server)
  refused.write(announcing(1000))
  assertProblem(await answer(refused), 503, 'queue_full')
  stalled.destroy()
  refused.destroy()
  await untilMetric(server, 'xception_queue_length', 0)
})

test('a request may have more images than the queue has places', async (t) => {
  const server = await startApp(t, { QUEUE_SIZE: '2', MAX_BATCH_SIZE: '2', MAX_IMAGES_PER_REQUEST: '9' })
  const form = new FormData()
  for (let file = 0; file < 9; file++) form.append('image', new Blob([CAT]), 'cat.jpg')
  const response = await fetch(`${server.url}/classify?topK=1`, { method: 'POST', body: form })
  const { results } = await response.json() as { results: Array<{ predictions: Array<{ label: string }> }> }
  assert.deepEqual(results.map(({ predictions }) => predictions[0]?.label), Array.from({ length: 9 }, () => 'cat'))
})

test('connections are bounded', async (t) => {
  const server = await startApp(t, { MAX_CONNECTIONS: '3' })
  const sockets = Array.from({ length: 6 }, () => connect(Number(new URL(server.url).port), '127.0.0.1'))
  const refused = new Set<Socket>()
  for (const socket of sockets) socket.on('error', () => {}).on('close', () => { refused.add(socket) })
  await until('three connections that are refused', () => refused.size >= 3)
  for (const socket of sockets) socket.destroy()
  // The server takes a moment to notice.
  await until('a place for a connection', async () => (await fetch(`${server.url}/livez`).catch(() => undefined))?.ok === true)
  assert.ok(await metric(server, 'xception_connections_refused_total') >= 3)
})

suite('content types', () => {
  const json = JSON.stringify({ images: [CAT.toString('base64')] })
  for (const [type, body] of [
    ['application/json; charset=utf-8', json],
    ['Application/JSON;charset="UTF-8"', json],
    ['image/jpeg;q=1', CAT],
    ['image/svg+xml', CAT],
    ['application/octet-stream', CAT],
    ['application/x-www-form-urlencoded', CAT],
    ['application/x-www-form-urlencoded', json],
    [undefined, CAT],
    [undefined, ` \n${json}`]
  ] as const) {
    test(`${type ?? 'none'}, ${typeof body === 'string' ? 'JSON' : 'a photo'}`, async () => {
      const socket = await open()
      const declared = type === undefined ? '' : `content-type: ${type}\r\n`
      socket.write(Buffer.concat([Buffer.from(head(`${declared}content-length: ${body.length}`)), Buffer.from(body)]))
      assert.match(await answer(socket), /^HTTP\/1\.1 200 .*"label":"cat"/s)
      socket.destroy()
    })
  }

  test('what is neither an image nor JSON', async () => {
    const send = async (type: string, body: string): Promise<[number, string]> => {
      const response = await fetch(`${server.url}/classify`, { method: 'POST', body, headers: { 'content-type': type } })
      return [response.status, (await response.json() as { code: string }).code]
    }
    assert.deepEqual(await send('application/x-www-form-urlencoded', 'a=b'), [415, 'unsupported_image_format'])
    assert.deepEqual(await send('application/x-www-form-urlencoded', '{"a"'), [400, 'malformed_body'])
    assert.deepEqual(await send('image/jpeg/x', 'abc'), [415, 'unsupported_media_type'])
    assert.deepEqual(await send('text/html', 'abc'), [415, 'unsupported_media_type'])
  })
})

test('a client can wait less than the service would, and says so in milliseconds', async () => {
  const socket = await open()
  socket.write(head('content-type: image/jpeg\r\ncontent-length: 1000\r\nx-request-timeout-ms: 50') + 'abc')
  assertProblem(await answer(socket), 504, 'deadline_exceeded')
  socket.destroy()
  for (const wrong of ['0', '-1', '1.5', 'soon', '1e3', '']) {
    const headers = { 'x-request-timeout-ms': wrong }
    const response = await fetch(`${server.url}/classify`, { method: 'POST', body: CAT, headers })
    assert.deepEqual([response.status, (await response.json() as { code: string }).code], [400, 'invalid_header'], wrong)
  }
})

test('a flood leaves room for another client, whom a trusted proxy names', async (t) => {
  const server = await startApp(t, { QUEUE_SIZE: '32', TRUST_PROXY: '127.0.0.1' })
  const from = (client: string): string => head(`content-type: image/jpeg\r\ncontent-length: ${CAT.length}\r\nx-forwarded-for: ${client}`)
  const flood: Socket[] = []
  const refused = (async () => {
    for (;;) {
      const socket = await open(server)
      flood.push(socket)
      const first = once(socket, 'data') as Promise<[Buffer]>
      socket.write(from('192.0.2.1'))
      const reply = await Promise.race([first, untilMetric(server, 'xception_queue_length', flood.length)])
      if (reply !== undefined) return String(reply[0])
    }
  })()
  assert.match(await refused, /"code":"queue_full"/)
  const other = await open(server)
  other.write(Buffer.concat([Buffer.from(from('192.0.2.2')), CAT]))
  assert.match(await answer(other), /^HTTP\/1\.1 200 /)
  for (const socket of [...flood, other]) socket.destroy()
})
