import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { findOrMake, writeEntry, type CompiledModel } from '../../src/compiler/cache.js'
import { tempFolder } from '../support/temp-folder.js'

const LARGE = 1e9
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000)

const entries = (cacheDir: string): string[] => readdirSync(join(cacheDir, 'compiled')).sort()

async function made (cacheDir: string, key: string, maxBytes = LARGE): Promise<CompiledModel> {
  return await findOrMake(key, { cacheDir, maxBytes }, (folder) => writeEntry(folder, { graph: new Uint8Array(1000), weights: [] }))
}

test('an entry is made once, and anew where it is damaged', async (t) => {
  const cacheDir = tempFolder(t)
  const { path, fromCache } = await made(cacheDir, 'one')
  assert.equal(fromCache, false)
  assert.deepEqual(await made(cacheDir, 'one'), { path, fromCache: true })
  writeFileSync(join(path, 'saved_model.pb'), 'half')
  assert.deepEqual(await made(cacheDir, 'one'), { path, fromCache: false })
  assert.equal(readFileSync(join(path, 'saved_model.pb')).length, 1000)
  assert.deepEqual(entries(cacheDir), ['one'])
})

test('what makes an entry and fails leaves nothing, and its reason is the caller\'s', async (t) => {
  const cacheDir = tempFolder(t)
  await assert.rejects(findOrMake('one', { cacheDir, maxBytes: LARGE }, async (folder) => {
    writeFileSync(join(folder, 'saved_model.pb'), 'half')
    throw new Error('out of ideas')
  }), /out of ideas/)
  assert.deepEqual(entries(cacheDir), [])
})

test('what a process left that died while it made an entry holds up nobody and goes', async (t) => {
  const cacheDir = tempFolder(t)
  for (const name of ['one.lock', 'one.0a1b.partial', 'other.2c3d.partial']) {
    const path = join(cacheDir, 'compiled', name)
    mkdirSync(path, { recursive: true })
    utimesSync(path, AN_HOUR_AGO, AN_HOUR_AGO)
  }
  await made(cacheDir, 'one')
  assert.deepEqual(entries(cacheDir), ['one'])
})

suite('over its size', () => {
  test('the entries leave that were not used for longest', async (t) => {
    const cacheDir = tempFolder(t)
    for (const [index, key] of ['newest', 'oldest', 'middle'].entries()) {
      const { path } = await made(cacheDir, key)
      const usedAt = new Date(AN_HOUR_AGO.getTime() - ([1, 3, 2][index] ?? 0) * 60_000)
      utimesSync(path, usedAt, usedAt)
    }
    await made(cacheDir, 'next', 3500)
    assert.deepEqual(entries(cacheDir), ['middle', 'newest', 'next'])
    // Being taken is a use.
    await made(cacheDir, 'middle')
    await made(cacheDir, 'last', 3500)
    assert.deepEqual(entries(cacheDir), ['last', 'middle', 'next'])
  })

  test('none leaves that is in use or was just made', async (t) => {
    const cacheDir = tempFolder(t)
    await made(cacheDir, 'used')
    await made(cacheDir, 'next', 0)
    assert.deepEqual(entries(cacheDir), ['next', 'used'])
  })
})
