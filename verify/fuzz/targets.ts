import { request } from './case.js'
import type { Draw } from './draw.js'

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'CONNECT', 'get', 'NONSENSE', '']
const TARGETS = [
  '/', '/classify', '/livez', '/readyz', '/metrics', '/classify/', '//', '/classify?topK=3', '/classify?topK=0', '/classify?topK=1&topK=2',
  '/classify?topK[]=1', '/classify?__proto__=1', '/?%zz', '/%zz', '/%00', '/..%2f..', '/:a(', '/*x', '*', 'http://other/livez', 'livez', '',
  '/\xff', '/a b', `/${'a'.repeat(3000)}`, `/?${'a=b&'.repeat(1000)}`, '/admin/reload', '/livez#a'
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/1.1 ', 'ICE/1.0', '']

/** A request line of anything, and what is no HTTP at all. */
export function oddTarget (draw: Draw): Buffer {
  if (draw.once(20)) return draw.bytes(draw.below(300))
  if (draw.once(20)) return Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
  // A TLS client that has the wrong port.
  if (draw.once(20)) return Buffer.from('16030100c8010000c40303', 'hex')
  return request(`${draw.oneOf(...METHODS)} ${draw.oneOf(...TARGETS)} ${draw.oneOf(...VERSIONS)}`, [])
}
