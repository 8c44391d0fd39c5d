import proxyAddr from '@fastify/proxy-addr'
import { networkOf, parseAddress } from '../base/addresses.js'

/** Address of a connection that was gone before it could be asked. */
const UNKNOWN = 'unknown'

/**
 * Where a request comes from: an address of IPv4 or a /64 network of IPv6. Takes the address at the other end of the connection and
 * the request's X-Forwarded-For.
 */
export type AddressOf = (peer: string | undefined, forwardedFor: string | undefined) => string

/** Who is counted, and who takes turns with others: whoever has a key, or else an address, which holds no such sign in front. */
export function clientOf (keyName: string | undefined, address: string): string {
  return keyName === undefined ? address : `key ${keyName}`
}

/**
 * How addresses are found where these proxies (addresses or networks, with commas) say who their clients are. Each is believed about
 * the one before it, as long as it names an address: what is none (`unknown`, a name) stands for the proxy that wrote it.
 */
export function addressesBehind (trustProxy: string): AddressOf {
  if (trustProxy === '') return (peer) => peer === undefined ? UNKNOWN : networkOf(peer)
  const isTrusted = proxyAddr.compile(trustProxy.split(',').map((proxy) => proxy.trim()))
  return (peer, forwardedFor) => {
    if (peer === undefined) return UNKNOWN
    let client = peer
    const hops = forwardedFor?.split(',') ?? []
    for (let hop = 0; hops.length > 0 && isTrusted(client, hop); hop++) {
      const before = parseAddress(hops.pop()?.trim() ?? '')
      if (before === undefined) break
      client = before
    }
    return networkOf(client)
  }
}
