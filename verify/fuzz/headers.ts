import type { HeaderLines } from './case.js'
import type { Draw } from './draw.js'

/** What well-known clients and proxies send beside the body's type and length. */
const CLIENTS: readonly HeaderLines[] = [
  [['user-agent', 'curl/8.5.0'], ['accept', '*/*']],
  [['User-Agent', 'python-requests/2.32.3'], ['Accept-Encoding', 'gzip, deflate, br'], ['Accept', '*/*'], ['Connection', 'keep-alive']],
  [['User-Agent', 'Go-http-client/1.1'], ['Accept-Encoding', 'gzip']],
  [['User-Agent', 'okhttp/4.12.0'], ['Connection', 'Keep-Alive'], ['Accept-Encoding', 'gzip']],
  [['Accept', 'application/json, text/plain, */*'], ['User-Agent', 'axios/1.7.2'], ['Accept-Encoding', 'gzip, compress, deflate, br']],
  [['User-Agent', 'PostmanRuntime/7.39.0'], ['Accept', '*/*'], ['Postman-Token', '0c1e0f4e'], ['Accept-Encoding', 'gzip, deflate, br']],
  [['User-Agent', 'Apache-HttpClient/4.5.14 (Java/17)'], ['Connection', 'Keep-Alive'], ['Accept-Encoding', 'gzip,deflate']],
  [
    ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'],
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'], ['Accept-Language', 'en-US,en;q=0.9'],
    ['Origin', 'https://example.org'], ['Referer', 'https://example.org/'], ['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Site', 'cross-site'],
    ['sec-ch-ua', '"Chromium";v="126", "Not/A)Brand";v="8"'], ['Cookie', 'a=b; c=d'], ['DNT', '1']
  ],
  [
    ['X-Forwarded-For', '203.0.113.7, 10.0.0.1'], ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Port', '443'],
    ['X-Amzn-Trace-Id', 'Root=1-67891233-abcdef012345678912345678'], ['Via', '1.1 proxy']
  ],
  [['x-request-id', 'abc-1'], ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'], ['tracestate', 'a=b']]
]

/** Oddities; none shortens the deadline, which would be answered 504. */
const ODD: ReadonlyArray<(draw: Draw) => readonly [string, string]> = [
  (draw) => ['x-long', 'a'.repeat(draw.below(20_000))],
  (draw) => [`x-${'n'.repeat(draw.below(2000))}`, ''],
  (draw) => ['x-bytes', draw.bytes(20).toString('latin1').replace(/[\0\r\n]/g, '')],
  (draw) => ['x-request-id', draw.oneOf('', 'two words', 'a'.repeat(200), '../..', '\xff')],
  (draw) => ['x-request-timeout-ms', draw.oneOf('-1', '0', 'soon', '1e3', '', '999999999', '9999999999', ' 60000')],
  (draw) => ['traceparent', draw.oneOf('', '00-0-0-0', 'ff'.repeat(50), '\xff')],
  (draw) => ['authorization', draw.oneOf('', 'Bearer', 'Bearer \xff', 'Basic Og==', `Bearer ${'a'.repeat(5000)}`)],
  (draw) => ['content-encoding', draw.oneOf('gzip', 'identity', '', 'nonsense')],
  (draw) => ['accept', draw.oneOf('', 'text/html', '*', ';;;', 'application/json;q=2')],
  (draw) => ['expect', draw.oneOf('100-continue', '100-Continue', 'nothing', '')],
  (draw) => ['range', draw.oneOf('bytes=0-', 'bytes=9-1', 'x')],
  (draw) => ['if-none-match', draw.oneOf('*', '"a"')],
  (draw) => ['cookie', 'a'.repeat(draw.below(4000))],
  (draw) => ['x-forwarded-for', draw.oneOf('', 'unknown', '::1', '999.1.1.1', 'a'.repeat(1000))],
  (draw) => ['host', draw.oneOf('other', '', 'a:b:c')],
  (draw) => ['te', draw.oneOf('trailers', 'chunked')],
  (draw) => ['upgrade', draw.oneOf('websocket', 'h2c')],
  (draw) => ['connection', draw.oneOf('close', 'upgrade', 'keep-alive', 'x', '')],
  () => ['x folded', 'a\r\n b'],
  () => ['x-folded', 'a\r\n b'],
  () => ['', 'without a name']
]
/** A client that would switch to HTTP/2. It sends nothing behind this before it is answered, and Node drops what it would. */
const UPGRADING: HeaderLines = [
  ['User-Agent', 'Java-http-client/21.0.3'], ['HTTP2-Settings', 'AAEAAEAAAAIAAAAA'], ['Upgrade', 'h2c'],
  ['Connection', 'Upgrade, HTTP2-Settings']
]
const MOST_ODD = 4

/** Those of a client, which change nothing of how a request is framed. */
export function clientHeaders (draw: Draw): HeaderLines {
  return draw.oneOf<HeaderLines>([], ...CLIENTS)
}

export function oddHeaders (draw: Draw): HeaderLines {
  const odd = Array.from({ length: draw.between(1, MOST_ODD) }, () => draw.oneOf(...ODD)(draw))
  const repeated = draw.once(5) ? Array.from({ length: draw.below(150) }, () => ['x-again', 'a'] as const) : []
  return [...draw.once(10) ? UPGRADING : clientHeaders(draw), ...odd, ...repeated]
}
