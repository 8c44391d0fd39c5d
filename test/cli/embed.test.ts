import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import sharp from 'sharp'
import { xception } from '../support/command.js'
import { readNpy } from '../support/npy.js'
import { fixture } from '../sources/keras/fixtures.js'
import { CAT_PATH } from '../support/cat.js'
import { thisSuite } from '../support/ending.js'
import { tempFolder } from '../support/temp-folder.js'

interface Line { readonly file: string, readonly embedding?: readonly number[], readonly error?: { readonly code: string } }

const file = thisSuite()
let folder: string
beforeEach(async () => {
  folder = tempFolder(file)
  mkdirSync(join(folder, 'photos'))
  copyFileSync(CAT_PATH, join(folder, 'photos/cat.jpg'))
  await sharp({ create: { width: 40, height: 60, channels: 3, background: 'red' } }).png().toFile(join(folder, 'photos/red.png'))
})

const linesOf = (path: string): Line[] => readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Line)

test('.npy has a row for each file that succeeded, and .txt their names; .jsonl has the same numbers', () => {
  writeFileSync(join(folder, 'photos/broken.jpg'), 'no image')
  const [npy, jsonl] = [join(folder, 'features.npy'), join(folder, 'features.jsonl')]
  const first = xception(['embed', join(folder, 'photos'), '--output', npy])
  assert.equal(first.status, 1)
  assert.match(first.stderr, /photos\/broken\.jpg: unsupported_image_format: /)
  const names = ['cat.jpg', 'red.png'].map((name) => join(folder, 'photos', name))
  assert.equal(readFileSync(join(folder, 'features.txt'), 'utf8'), `${names.join('\n')}\n`)
  const { shape, rows } = readNpy(readFileSync(npy))

  assert.equal(xception(['embed', join(folder, 'photos'), '--output', jsonl]).status, 1)
  const [broken, ...lines] = linesOf(jsonl)
  assert.equal(broken?.error?.code, 'unsupported_image_format')
  assert.deepEqual(lines.map(({ file }) => file), names)
  assert.deepEqual(shape, [2, lines[0]?.embedding?.length])
  assert.deepEqual(rows.map((row) => Array.from(row)), lines.map(({ embedding }) => embedding?.map(Math.fround)))
  assert.notDeepEqual(rows[0], rows[1])
  assert.deepEqual(readdirSync(folder).sort(), ['features.jsonl', 'features.npy', 'features.txt', 'photos'])
})

test('--normalize gives the length 1 and keeps the direction', () => {
  const [plain, unit] = [join(folder, 'plain.jsonl'), join(folder, 'unit.jsonl')]
  assert.equal(xception(['embed', CAT_PATH, '--output', plain]).status, 0)
  assert.equal(xception(['embed', CAT_PATH, '--normalize', '--output', unit]).status, 0)
  const [features = []] = linesOf(plain).map((line) => line.embedding)
  const [normalized = []] = linesOf(unit).map((line) => line.embedding)
  const length = Math.hypot(...features)
  assert.ok(Math.abs(Math.hypot(...normalized) - 1) < 1e-6)
  normalized.forEach((value, index) => { assert.ok(Math.abs(value * length - (features[index] ?? NaN)) < 1e-4) })
})

test('wrong use ends with one sentence, exit code 2, and no output', () => {
  const output = join(folder, 'features.csv')
  const { status, stderr } = xception(['embed', CAT_PATH, '--output', output])
  assert.equal(status, 2)
  assert.match(stderr, /ends neither with \.npy nor with \.jsonl/)
  writeFileSync(join(folder, 'photos/two\nlines.jpg'), '')
  const npy = xception(['embed', join(folder, 'photos'), '--output', join(folder, 'x.npy')])
  assert.equal(npy.status, 2)
  assert.match(npy.stderr, /has a line break/)
  assert.equal(existsSync(join(folder, 'x.npy')), false)
})

test('a network that pools nothing ends with its code', () => {
  const weights = fixture('keras3-sequential-flatten.h5')
  const { status, stderr } = xception(['embed', CAT_PATH, '--output', join(folder, 'x.npy'), '--model', weights])
  assert.equal(status, 2)
  assert.match(stderr, /^not_embeddable: The network has no pooled features: /m)
})

test('an output that cannot be written ends with exit code 74', () => {
  const { status, stderr } = xception(['embed', CAT_PATH, '--output', '/nowhere/features.npy'])
  assert.equal(status, 74)
  assert.match(stderr, /^\/nowhere\/features\.npy cannot be written: ENOENT/m)
})
