import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, linkSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, suite, test } from 'node:test'
import { create } from 'tar'
import { OperatorError } from '../../../src/base/errors.js'
import { isBetweenSplits, isContradictory, type Dataset, type Sample } from '../../../src/train/data/index.js'
import { thisSuite } from '../../support/ending.js'
import { tempFolder } from '../../support/temp-folder.js'
import { zip, type ZipEntry } from '../../support/zip.js'
import { flat, open, writeTree } from './pictures.js'

const file = thisSuite()
let folder: string
let spool: string
beforeEach(() => {
  folder = tempFolder(file)
  spool = join(folder, 'spool')
})

/** Ten pictures of each of two classes. */
async function pictures (): Promise<Record<string, Buffer>> {
  const entries = await Promise.all(Array.from({ length: 20 }, async (_, index) => (
    [`${index < 10 ? 'red' : 'blue'}/${index}.png`, await flat(index)] as const
  )))
  return Object.fromEntries(entries)
}

const UNREADABLE = { 'red/broken.jpg': 'no picture', 'red/large.png': Buffer.alloc(20_000) }

const pathsOf = (samples: readonly Sample[]): string[] => samples.map(({ path }) => path)
const hashesOf = ({ splits }: Dataset): Record<string, string[]> => Object.fromEntries(
  Object.entries(splits).map(([split, samples]) => [split, samples.map(({ hash }) => hash)])
)
const isRefused = (words: RegExp) => (error: unknown): boolean => error instanceof OperatorError && words.test(error.message)

suite('a dataset in a folder', () => {
  test('is split from a seed, whatever the files\' names', async () => {
    const root = join(folder, 'data')
    await writeTree(root, await pictures())
    const dataset = await open(root, spool)
    assert.deepEqual(dataset.classes, ['blue', 'red'])
    assert.deepEqual(Object.values(dataset.splits).map((samples) => samples.length), [14, 2, 4])
    assert.equal(dataset.isSplit, false)
    const [first] = dataset.splits.train
    assert.deepEqual(await first?.read(), (await pictures())[first?.path ?? ''])

    renameSync(join(root, 'red/0.png'), join(root, 'red/zz.png'))
    assert.deepEqual(hashesOf(await open(root, spool)), hashesOf(dataset))
    assert.notDeepEqual(hashesOf(await open(root, spool, { seed: 2 })), hashesOf(dataset))
  })

  test('names what cannot be read and what is no picture, and goes on', async () => {
    await writeTree(join(folder, 'data'), {
      ...await pictures(), ...UNREADABLE, 'red/notes.txt': '', '.hidden/a.png': '', 'top.png': ''
    })
    const { unreadable, ignored, splits } = await open(join(folder, 'data'), spool)
    assert.deepEqual(unreadable.map(({ path, error }) => [path, error.code]), [
      ['red/broken.jpg', 'undecodable_image'], ['red/large.png', 'image_too_large']
    ])
    assert.deepEqual(ignored, ['red/notes.txt', 'top.png'])
    assert.equal(splits.train.length + splits.validation.length + splits.test.length, 20)
  })

  test('finds the same content and the same pixels', async () => {
    await writeTree(join(folder, 'data'), {
      'train/red/1.png': await flat(1),
      'train/red/1-again.png': await flat(1),
      'train/red/3.png': await flat(3),
      'train/blue/2.png': await flat(2),
      'train/blue/3.png': await flat(3),
      'test/red/1.webp': await flat(1, 'webp'),
      'test/blue/9.png': await flat(9)
    })
    const { duplicates, isSplit, classes, splits } = await open(join(folder, 'data'), spool)
    assert.equal(isSplit, true)
    assert.deepEqual([splits.train.length, splits.validation.length, splits.test.length], [5, 0, 2])
    assert.deepEqual(duplicates.map(({ sameContent, members }) => [sameContent, members.map(({ path }) => path)]), [
      [false, ['test/red/1.webp', 'train/red/1-again.png', 'train/red/1.png']],
      [true, ['train/blue/3.png', 'train/red/3.png']]
    ])
    assert.deepEqual(duplicates.map(isBetweenSplits), [true, false])
    assert.deepEqual(duplicates.map(isContradictory), [false, true])
    assert.deepEqual(classes, ['blue', 'red'])
  })

  test('has pictures by all the endings of their formats, and names those of formats that are not read', async () => {
    const endings = ['jpg', 'JPEG', 'jpe', 'jfif', 'jif', 'pjpeg', 'pjp', 'png', 'apng', 'webp', 'gif', 'avif', 'tif', 'tiff']
    const red = await Promise.all(endings.map(async (ending, index) => [`red/${index}.${ending}`, await flat(index)] as const))
    const blue = { 'blue/1.png': await flat(99), 'blue/2.heic': 'x', 'blue/3.BMP': 'x', 'blue/Thumbs.db': '', '__MACOSX/red/1.png': 'x' }
    await writeTree(join(folder, 'data'), { ...Object.fromEntries(red), ...blue, '@eaDir/1.png': 'x', 'red/notes.md': '' })
    const { splits, unreadable, ignored } = await open(join(folder, 'data'), spool)
    assert.equal(Object.values(splits).flat().length, endings.length + 1)
    assert.deepEqual(unreadable.map(({ path }) => path), ['blue/2.heic', 'blue/3.BMP'])
    assert.deepEqual(ignored, ['red/notes.md'])
    rmSync(join(folder, 'data/blue/1.png'))
    await assert.rejects(open(join(folder, 'data'), spool), isRefused(
      /no readable picture of "blue" to train with; of 2 that cannot be read, blue\/2\.heic: undecodable_image/
    ))
    mkdirSync(join(folder, 'data/zebra'))
    await assert.rejects(open(join(folder, 'data'), spool), isRefused(/The folder "zebra" is empty/))
  })

  test('with splits of its own refuses shares that are asked for', async () => {
    const [red, blue] = [await flat(1), await flat(2)]
    await writeTree(join(folder, 'data'), {
      'Train/red/1.png': red, 'Train/blue/1.png': blue, 'Valid/red/1.png': red, 'Valid/blue/1.png': blue
    })
    const { splits } = await open(join(folder, 'data'), spool)
    assert.deepEqual(Object.values(splits).map((samples) => samples.length), [2, 2, 0])
    const asked = open(join(folder, 'data'), spool, { sharesAreStated: true })
    await assert.rejects(asked, isRefused(/^--split is for pictures that are not split/))
  })

  test('without two classes to fit is refused', async () => {
    await writeTree(join(folder, 'one'), { 'red/1.png': await flat(1) })
    await assert.rejects(open(join(folder, 'one'), spool), isRefused(/one has one folder with pictures, red: it takes/))
    await writeTree(join(folder, 'unfit'), { 'train/red/1.png': await flat(1), 'test/blue/2.png': await flat(2) })
    await assert.rejects(open(join(folder, 'unfit'), spool), isRefused(/no readable picture of "blue" to train with/))
    mkdirSync(join(folder, 'none'))
    await assert.rejects(open(join(folder, 'none'), spool), isRefused(/no folder with pictures/))
    await assert.rejects(open(join(folder, 'missing'), spool), isRefused(/missing cannot be read/))
  })
})

suite('a dataset in an archive', () => {
  async function pack (name: string, files: readonly string[], { gzip = false } = {}): Promise<string> {
    const file = join(folder, name)
    await create({ file, cwd: join(folder, 'data'), gzip, preservePaths: true }, [...files])
    return file
  }

  test('is the same as in its folder, packed or not, and leaves nothing behind', async () => {
    await writeTree(join(folder, 'data'), { ...await pictures(), ...UNREADABLE })
    const inFolder = await open(join(folder, 'data'), spool)
    for (const [name, gzip] of [['data.tar', false], ['data.tgz', true]] as const) {
      const dataset = await open(await pack(name, ['red', 'blue'], { gzip }), spool)
      assert.deepEqual(hashesOf(dataset), hashesOf(inFolder))
      assert.deepEqual(pathsOf(dataset.splits.train), pathsOf(inFolder.splits.train))
      assert.deepEqual(dataset.unreadable.map(({ path, error }) => [path, error.code]), [
        ['red/broken.jpg', 'undecodable_image'], ['red/large.png', 'image_too_large']
      ])
      const [first] = dataset.splits.train
      assert.deepEqual(Buffer.from(await first?.read() ?? []), (await pictures())[first?.path ?? ''])
      assert.deepEqual(readdirSync(spool), [])
      await dataset.close()
    }
  })

  test('that leads out of itself, holds links or is none is refused', async () => {
    await writeTree(join(folder, 'data'), await pictures())
    const outside = await pack('out.tar', ['../data/red/0.png', 'blue'])
    await assert.rejects(open(outside, spool), isRefused(/its "\.\.\/data\/red\/0\.png" lies outside of it/))
    await assert.rejects(open(await pack('root.tar', [join(folder, 'data/red/0.png')]), spool), isRefused(/lies outside of it/))
    symlinkSync('/etc/passwd', join(folder, 'data/red/link.png'))
    await assert.rejects(open(await pack('links.tar', ['red', 'blue']), spool), isRefused(/its red\/link\.png is no file \(SymbolicLink\)/))
    rmSync(join(folder, 'data/red/link.png'))
    linkSync(join(folder, 'data/red/0.png'), join(folder, 'data/red/hard.png'))
    await assert.rejects(open(await pack('hard.tar', ['red', 'blue']), spool), isRefused(/is no file \(Link\): pack with/))
    await writeTree(folder, { 'none.tar': 'no archive', 'empty.tar': '' })
    await assert.rejects(open(join(folder, 'none.tar'), spool), isRefused(/none\.tar cannot be read as a \.tar or \.tgz of pictures/))
    await assert.rejects(open(join(folder, 'empty.tar'), spool), isRefused(/empty\.tar/))
    assert.deepEqual(readdirSync(spool), [])
  })

  test('that is cut short or grows beyond what pictures do is refused', async () => {
    await writeTree(join(folder, 'data'), await pictures())
    for (const gzip of [false, true]) {
      const whole = await readFile(await pack('whole.tar', ['red', 'blue'], { gzip }))
      await writeFile(join(folder, 'cut.tar'), whole.subarray(0, Math.floor(whole.length / 2) + 100))
      await assert.rejects(open(join(folder, 'cut.tar'), spool), isRefused(/cut\.tar cannot be read/))
    }
    await writeTree(join(folder, 'data'), { 'red/zeros.png': Buffer.alloc(50_000_000) })
    const bomb = await pack('bomb.tgz', ['red', 'blue'], { gzip: true })
    await assert.rejects(open(bomb, spool), isRefused(/bomb\.tgz cannot be read/))
  })
})

suite('a dataset in a zip archive', () => {
  const entriesOf = (files: Readonly<Record<string, string | Uint8Array>>): ZipEntry[] => (
    Object.entries(files).map(([name, content], index) => ({ name, content: Buffer.from(content), deflated: index % 2 === 0 }))
  )
  const pack = async (name: string, entries: readonly ZipEntry[]): Promise<string> => {
    await writeFile(join(folder, name), zip(entries))
    return join(folder, name)
  }
  const SYMBOLIC_LINK = 0o120777

  test('is the same as in its folder, whatever systems put beside it', async () => {
    await writeTree(join(folder, 'data'), { ...await pictures(), ...UNREADABLE })
    const inFolder = await open(join(folder, 'data'), spool)
    const inside = Object.entries({ ...await pictures(), ...UNREADABLE }).map(([name, content]) => [`data/${name}`, content])
    const beside = { 'data/': '', 'data/red/': '', '__MACOSX/data/red/._0.png': 'x', 'data/.DS_Store': 'x' }
    const files = { ...Object.fromEntries(inside) as Record<string, Uint8Array>, ...beside }
    const dataset = await open(await pack('data.ZIP', entriesOf(files)), spool)
    assert.deepEqual(hashesOf(dataset), hashesOf(inFolder))
    assert.deepEqual(dataset.unreadable.map(({ path, error }) => [path, error.code]), [
      ['data/red/broken.jpg', 'undecodable_image'], ['data/red/large.png', 'image_too_large']
    ])
    assert.deepEqual([dataset.ignored, dataset.notes], [[], []])
    const [first] = dataset.splits.train
    assert.deepEqual(Buffer.from(await first?.read() ?? []), (await pictures())[first?.path.replace('data/', '') ?? ''])
    await dataset.close()
  })

  test('names a damaged picture, and an empty folder', async () => {
    const entries = entriesOf(await pictures())
    const damaged = [...entries, { name: 'red/damaged.png', content: await flat(77), claims: { checksum: 1 } }]
    const { unreadable, close } = await open(await pack('damaged.zip', damaged), spool)
    assert.deepEqual(unreadable.map(({ path, error }) => [path, error.code]), [['red/damaged.png', 'no_image']])
    assert.match(unreadable[0]?.error.message ?? '', /checksum .* is wrong/)
    await close()
    const empty = await pack('empty.zip', [...entries, { name: 'zebra/', content: Buffer.alloc(0) }])
    await assert.rejects(open(empty, spool), isRefused(/The folder "zebra" is empty/))
  })

  test('that leads out of itself, holds links, is encrypted, cut short, a bomb or another archive is refused', async () => {
    const entries = entriesOf(await pictures())
    const content = await flat(77)
    const refused = async (entry: ZipEntry, words: RegExp): Promise<void> => {
      await assert.rejects(open(await pack('refused.zip', [...entries, entry]), spool), isRefused(words))
    }
    await refused({ name: '../red/1.png', content }, /refused\.zip cannot be read as a \.zip of pictures: .*\.\.\/red\/1\.png/)
    await refused({ name: '..\\red\\1.png', content }, /cannot be read as a \.zip of pictures/)
    await refused({ name: '/etc/1.png', content }, /cannot be read as a \.zip of pictures/)
    await refused({ name: 'red/1.png', content, claims: { mode: SYMBOLIC_LINK } }, /its red\/1\.png is no file but a link/)
    await refused({ name: 'red/x.png', content, deflated: true, claims: { encrypted: true } }, /its red\/x\.png is encrypted/)
    await refused({ name: 'red/x.png', content, deflated: true, claims: { bytes: 4e9 } }, /claims to grow/)
    const whole = zip(entries)
    await writeTree(folder, { 'cut.zip': whole.subarray(0, whole.length - 30), 'a.rar': Buffer.from('526172211a070100', 'hex') })
    await assert.rejects(open(join(folder, 'cut.zip'), spool), isRefused(/cut\.zip cannot be read as a \.zip/))
    await assert.rejects(open(join(folder, 'a.rar'), spool), isRefused(/a\.rar is a RAR archive, which is not read here/))
  })
})
