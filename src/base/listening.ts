import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { OperatorError } from './errors.js'

/** All addresses of this machine: those of IPv4, too, unless a system has it otherwise. */
const ALL = '::'
const ALL_OF_IPV4 = '0.0.0.0'
/** What systems say of an address of IPv6 where they have none: no such family, no such address, a socket that cannot be made so. */
const WITHOUT_IPV6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT']
const NOTICE = 'this system has no IPv6, so these are all addresses of IPv4'

export interface ListeningAddress {
  readonly host: string
  readonly port: number
}

export interface ListeningOptions<T> {
  /** What the settings are called that the address comes from. */
  readonly names: Readonly<Record<keyof ListeningAddress, string>>
  /** Listens on an address, or rejects with the system's error. */
  listen (address: ListeningAddress): Promise<T>
  /** Told that `::` is all addresses of IPv4 alone. */
  onNotice (notice: string): void
  /** Whether this machine has addresses of IPv6; the system's answer where it is left out. */
  readonly hasIpv6?: () => boolean
}

/**
 * Listens on a name, an address, or on all addresses of both families (`::`), of IPv4 alone where the system has no IPv6. Throws an
 * OperatorError if the address is taken, forbidden, or not this machine's.
 */
export async function listenAt<T> ({ host: wanted, port }: ListeningAddress, options: ListeningOptions<T>): Promise<T> {
  const { names, listen, onNotice, hasIpv6 = systemHasIpv6 } = options
  const where = `${names.host}=${wanted} and ${names.port}=${port}`
  try {
    const host = await hostOf(wanted)
    if (host !== ALL) return await listen({ host, port })
    // Both families even so: an address may come later.
    const both = await ifIpv6(listen({ host, port }))
    if (both === undefined || !hasIpv6()) onNotice(`${where}: ${NOTICE}`)
    return both === undefined ? await listen({ host: ALL_OF_IPV4, port }) : both.listening
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined || code === undefined) throw error
    throw new OperatorError(`${where} cannot be listened on (${code}): choose others`, { cause: error })
  }
}

/** One address, of localhost, too: Fastify would open servers of its own for the others, which no limit and no orderly end covers. */
async function hostOf (host: string): Promise<string> {
  if (host === 'localhost') return (await lookup(host, { order: 'ipv4first' })).address
  return host.replace(/^\[(.+)\]$/, '$1')
}

/** Undefined: the system has no IPv6. */
async function ifIpv6<T> (beginning: Promise<T>): Promise<{ readonly listening: T } | undefined> {
  try {
    return { listening: await beginning }
  } catch (error) {
    if (WITHOUT_IPV6.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function systemHasIpv6 (): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'))
}
