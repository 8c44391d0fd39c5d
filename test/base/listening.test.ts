import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { networkOf } from '../../src/base/addresses.js'
import { listenAt, type ListeningAddress } from '../../src/base/listening.js'

const names = { host: 'HOST', port: 'PORT' }

interface Tried {
  readonly hosts: string[]
  readonly notices: string[]
  readonly listening: Promise<string>
}

/** On a system that answers so where something listens at an address, and with IPv6 or without. */
function tryAt (host: string, codes: Readonly<Record<string, string>> = {}, hasIpv6 = true): Tried {
  const hosts: string[] = []
  const notices: string[] = []
  const listen = async (at: ListeningAddress): Promise<string> => {
    hosts.push(at.host)
    const code = codes[at.host]
    if (code !== undefined) throw Object.assign(new Error(code), { code, syscall: 'listen' })
    return at.host
  }
  const onNotice = (notice: string): void => { notices.push(notice) }
  return { hosts, notices, listening: listenAt({ host, port: 80 }, { names, listen, onNotice, hasIpv6: () => hasIpv6 }) }
}

suite('an address to listen on', () => {
  const notice = 'HOST=:: and PORT=80: this system has no IPv6, so these are all addresses of IPv4'
  for (const [name, tried, host, notices] of [
    [':: is both families', tryAt('::'), '::', []],
    [':: is IPv4 where the system has no IPv6', tryAt('::', { '::': 'EAFNOSUPPORT' }, false), '0.0.0.0', [notice]],
    [':: is IPv4 where the system has IPv6 switched off', tryAt('::', { '::': 'EADDRNOTAVAIL' }), '0.0.0.0', [notice]],
    [':: where there is no address of IPv6 yet', tryAt('::', {}, false), '::', [notice]],
    ['0.0.0.0 stays IPv4', tryAt('0.0.0.0'), '0.0.0.0', []],
    ['brackets are left out', tryAt('[::1]'), '::1', []]
  ] as const) {
    test(name, async () => {
      assert.equal(await tried.listening, host)
      assert.deepEqual(tried.notices, notices)
    })
  }

  test('one that is taken, or of no machine, is a sentence, and nothing else is tried', async () => {
    for (const [host, code] of [['::', 'EADDRINUSE'], ['::1', 'EADDRNOTAVAIL']] as const) {
      const { hosts, listening } = tryAt(host, { [host]: code })
      await assert.rejects(listening, {
        name: 'OperatorError', message: `HOST=${host} and PORT=80 cannot be listened on (${code}): choose others`
      })
      assert.deepEqual(hosts, [host])
    }
  })
})

test('through :: comes IPv4, whose clients keep their addresses', async (t) => {
  const server = createServer()
  t.after(() => { server.close() })
  await listenAt({ host: '::', port: 0 }, {
    names, onNotice: () => {}, listen: async ({ host, port }) => { await once(server.listen(port, host), 'listening') }
  })
  const connected = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = await connected as [Socket]
  assert.equal(networkOf(socket.remoteAddress ?? ''), '127.0.0.1')
  for (const end of [client, socket]) end.destroy()
})
