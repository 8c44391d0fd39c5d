import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf, parseAddress } from '../../src/base/addresses.js'

test('an address is found in what proxies write', () => {
  for (const [text, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:567', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:DB8::1]:567', '2001:DB8::1'],
    ['"[2001:db8::1]:567"', '2001:db8::1'],
    ['2001:db8:0:0:0:0:0:1:567', '2001:db8:0:0:0:0:0:1'],
    ['[fe80::1%eth0]:567', 'fe80::1%eth0'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1']
  ] as const) assert.equal(parseAddress(text), address, text)
  const none = [
    '', 'unknown', '_hidden', 'unix:', 'localhost:80', '192.0.2', '192.0.2.256', '1', ':567', '[]', '[192.0.2.1', '192.0.2.1:x',
    'a'.repeat(9999)
  ]
  for (const text of none) assert.equal(parseAddress(text), undefined, text)
})

test('a network is an address of IPv4, however it is written, or a /64 of IPv6', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b::c000:201', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::/64'],
    ['2001:DB8:0:0:ffff::', '2001:db8::/64'],
    ['2001:db8:0:3:1:2:3:4', '2001:db8:0:3::/64'],
    ['2001:db8:0:3::192.0.2.1', '2001:db8:0:3::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['::1', '::1'],
    ['::', '::/64']
  ] as const) assert.equal(networkOf(address), network, address)
})
