import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressesBehind, clientOf } from '../../src/intake/client.js'

test('without proxies the other end of the connection is the client, whatever it writes', () => {
  const addressOf = addressesBehind('')
  assert.equal(addressOf('192.0.2.1', '192.0.2.9'), '192.0.2.1')
  assert.equal(addressOf('::ffff:192.0.2.1', undefined), '192.0.2.1')
  assert.equal(addressOf('2001:db8::1', undefined), addressOf('2001:db8::2', undefined))
  assert.equal(addressOf(undefined, undefined), 'unknown')
})

test('behind proxies the client is the first that is none of them, as it is written by the last of them', () => {
  const addressOf = addressesBehind('10.0.0.0/8, fd00::/8')
  for (const [peer, forwardedFor, client] of [
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1:567', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1:568 , 10.0.0.2:9000', '192.0.2.1'],
    ['fd00::1', '::ffff:192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '[2001:db8::1]:567', '2001:db8::/64'],
    ['10.0.0.1', '2001:DB8::ffff', '2001:db8::/64'],
    ['10.0.0.1', '198.51.100.1, 192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    // Whoever is behind it, this proxy answers for them.
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1, unix:, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', ',,', '10.0.0.1']
  ] as const) assert.equal(addressOf(peer, forwardedFor), client, `${peer} ${forwardedFor}`)
})

test('a key is nobody\'s address', () => {
  assert.equal(clientOf(undefined, '192.0.2.1'), '192.0.2.1')
  assert.notEqual(clientOf('192.0.2.1', '192.0.2.2'), clientOf(undefined, '192.0.2.1'))
})
