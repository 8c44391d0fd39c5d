import { isIP, isIPv4 } from 'node:net'

/** An address as proxies write it: perhaps in brackets, perhaps with a port behind it, perhaps in quotation marks. */
const WRITTEN = /^"?(?:\[([^\]]+)\]|([^\]]+?))(?::\d+)?"?$/
/** Longer than any address is with its zone and a port. */
const MAX_LENGTH = 80
/** The first six groups of addresses that hold one of IPv4: mapped ones (RFC 4291) and NAT64's (RFC 6052). */
const HOLD_IPV4 = ['0,0,0,0,0,65535', '100,65435,0,0,0,0']

/**
 * The IP address in `192.0.2.1`, `192.0.2.1:567`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:567`; undefined if there is
 * none, as in `unknown`.
 */
export function parseAddress (text: string): string | undefined {
  if (isIP(text) !== 0) return text
  const [, inBrackets, bare] = text.length > MAX_LENGTH ? [] : WRITTEN.exec(text) ?? []
  const address = inBrackets ?? bare ?? ''
  return isIP(address) === 0 ? undefined : address
}

/**
 * The network that one household or machine has and can choose addresses of: an address of IPv4 by itself, also where it is written
 * as one of IPv6 (`::ffff:192.0.2.1`), and the /64 of one of IPv6, as `2001:db8::/64`. Takes an IP address.
 */
export function networkOf (address: string): string {
  if (isIPv4(address)) return address
  const groups = groupsOf(address)
  const [high = 0, low = 0] = groups.slice(6)
  if (HOLD_IPV4.includes(groups.slice(0, 6).join())) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  if (groups.join() === '0,0,0,0,0,0,0,1') return '::1'
  return `${groups.slice(0, 4).map((group) => group.toString(16)).join(':').replace(/(?:(?:^|:)0)+$/, '')}::/64`
}

/** The eight numbers of an address of IPv6, without its zone. */
function groupsOf (address: string): number[] {
  const [front = [], back = []] = address.replace(/%.*$/, '').split('::').map((side) => (
    side.split(':').filter((group) => group !== '').flatMap(numbersOf)
  ))
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

/** The number of `db8`, or the two of the end `192.0.2.1`. */
function numbersOf (group: string): number[] {
  if (!group.includes('.')) return [Number.parseInt(group, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
  return [a << 8 | b, c << 8 | d]
}
