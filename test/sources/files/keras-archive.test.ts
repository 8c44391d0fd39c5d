import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { test } from 'node:test'
import { writingTo } from '../../../src/sources/files/explained.js'
import { assertSentence, fillKeras3, readAll, writeFile, writeHdf5, zip, type ZipEntry } from './support.js'

const weights = readFileSync(await writeHdf5('model.weights.h5', fillKeras3))
const config = Buffer.from('{"class_name": "Sequential", "config": {}, "compile_config": {"loss": "mse"}}')
const metadata = Buffer.from('{"keras_version": "3.15.1", "date_saved": "2026-01-01"}')

function archive (changes: Readonly<Record<string, Partial<ZipEntry> | undefined>> = {}): string {
  const entries = Object.entries({ 'metadata.json': metadata, 'config.json': config, 'model.weights.h5': weights })
  return writeFile('model.keras', zip(entries.flatMap(([name, content]) => {
    const change = name in changes ? changes[name] : {}
    return change === undefined ? [] : [{ name, content, ...change }]
  })))
}

const whole = {
  kind: 'keras-archive',
  config: { class_name: 'Sequential', config: {}, compile_config: { loss: 'mse' } },
  training: { loss: 'mse' },
  kerasVersion: '3.15.1',
  weights: [['dense: vars/0 [2, 3]', [1, 2, 3, 4, 5, 6]], ['dense: vars/1 [3]', [7, 8, 9]]]
}

test('stored and deflated entries', async () => {
  assert.deepEqual(await readAll(archive()), whole)
  assert.deepEqual(await readAll(archive({ 'config.json': { deflated: true }, 'model.weights.h5': { deflated: true } })), whole)
})

test('a folder for temporary files that takes none is blamed, and not the archive', async (t) => {
  const path = archive()
  const before = process.env.TMPDIR
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  process.env.TMPDIR = '/dev/null/tmp'
  await assert.rejects(readAll(path), {
    name: 'WeightsError',
    message: 'The folder for temporary files, /dev/null/tmp, cannot be written (ENOTDIR): free it, or name another one with TMPDIR.'
  })
})

const FULL = '/dev/full'
const withoutFull = existsSync(FULL) ? false : `${FULL} is not there`

test('a full disk is blamed in words of its own', { skip: withoutFull }, async () => {
  const write = async (): Promise<void> => {
    const file = await open(FULL, 'w')
    try { await file.write('x') } finally { await file.close() }
  }
  await assert.rejects(writingTo('/tmp', 'TMPDIR', write), /^WeightsError: The folder for temporary files, \/tmp, is full \(ENOSPC\)/)
})

test('without metadata the version is not known', async () => {
  assert.deepEqual(await readAll(archive({ 'metadata.json': undefined })), { ...whole, kerasVersion: undefined })
})

const damaged: Array<[name: string, changes: Record<string, Partial<ZipEntry>>, message: RegExp]> = [
  ['a configuration that is no JSON', { 'config.json': { content: Buffer.from('{') } }, /not a whole \.keras archive/],
  ['weights that are not HDF5', { 'model.weights.h5': { content: Buffer.from('rubbish') } }, /damaged or cut off/],
  ['a checksum that is wrong', { 'model.weights.h5': { claims: { checksum: 1 } } }, /the checksum of its model\.weights\.h5 is wrong/],
  ['more bytes than claimed', { 'model.weights.h5': { deflated: true, claims: { bytes: 100 } } }, /not a whole \.keras archive/],
  [
    'fewer bytes than claimed',
    { 'model.weights.h5': { deflated: true, claims: { bytes: weights.length + 1 } } },
    /not a whole \.keras archive/
  ],
  [
    'an absurd size',
    { 'model.weights.h5': { deflated: true, claims: { bytes: 0xf0000000 } } },
    /claims to grow from \d+ to 4026531840 bytes/
  ],
  ['a zip bomb', { 'model.weights.h5': { deflated: true, content: Buffer.alloc(1_000_000) } }, /claims to grow/],
  ['an absurd configuration', { 'config.json': { content: Buffer.alloc(17_000_000) } }, /claims to grow/],
  ['an encrypted entry', { 'config.json': { deflated: true, claims: { encrypted: true } } }, /encrypted/]
]
for (const [name, changes, message] of damaged) {
  test(`${name}: refused in one sentence`, async () => {
    const path = archive(changes)
    await assert.rejects(readAll(path), (error) => assertSentence(error, path, message))
  })
}

test('a subclassed model is refused by what it is, and not for how it keeps its weights', async () => {
  const content = Buffer.from('{"class_name": "Net", "config": {}}')
  const path = archive({ 'config.json': { content }, 'model.weights.h5': { content } })
  const message = /^the model is of the class Net, and only functional and Sequential /
  await assert.rejects(readAll(path), { name: 'WeightsError', message })
})
