import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Entry = Readonly<Record<string, unknown>>
type FindFaults = (lock: { packages: Record<string, Entry> }, withInstallScript?: ReadonlySet<string>) => string[]

const ROOT = new URL('../../../', import.meta.url)
const { findFaults } = await import(new URL('scripts/check-lock.mjs', ROOT).href) as { findFaults: FindFaults }
const INTEGRITY = `sha512-${'a'.repeat(86)}==`
const GOOD = { version: '1.2.3', integrity: INTEGRITY }

function faultsOf (path: string, entry: Entry): string[] {
  return findFaults({ packages: { '': { name: 'root' }, [path]: entry } }, new Set())
}

test('the lock file is in order', () => {
  assert.deepEqual(findFaults(JSON.parse(readFileSync(new URL('package-lock.json', ROOT), 'utf8')) as Parameters<FindFaults>[0]), [])
})

test('a package of the registry has no fault, below another one and in a version before the first', () => {
  assert.deepEqual(faultsOf('node_modules/@scope/a', GOOD), [])
  assert.deepEqual(faultsOf('node_modules/a/node_modules/b', { ...GOOD, version: '2.0.0-rc.1' }), [])
})

for (const [name, path, entry, fault] of [
  [
    'from a repository', 'node_modules/a', { ...GOOD, resolved: 'git+ssh://git@host.example/a.git#0123' },
    /does not come from the registry/
  ],
  ['from an address', 'node_modules/a', { ...GOOD, resolved: 'https://host.example/a.tgz' }, /does not come from the registry/],
  ['that is a link', 'node_modules/a', { ...GOOD, link: true }, /does not come from the registry/],
  ['that is a folder', 'packages/a', GOOD, /does not come from the registry/],
  ['without a version', 'node_modules/a', { integrity: INTEGRITY }, /no exact version/],
  ['without a hash', 'node_modules/a', { version: '1.2.3' }, /no SHA-512/],
  ['with a weak hash', 'node_modules/a', { ...GOOD, integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /no SHA-512/],
  ['with an unknown install script', 'node_modules/a/node_modules/b', { ...GOOD, hasInstallScript: true }, /has an install script/]
] as const) {
  test(`a package ${name} is found`, () => {
    const faults = faultsOf(path, entry)
    assert.equal(faults.length, 1)
    assert.match(faults[0] ?? '', fault)
  })
}

test('a listed package that has no install script any more is found', () => {
  assert.match(findFaults({ packages: { 'node_modules/a': GOOD } }, new Set(['a'])).join(), /^a has no install script any more/)
})
