import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import protobuf from 'protobufjs/light.js'
import { Random } from '../../../src/base/random.js'
import { filesOf, identify } from '../../../src/sources/files/index.js'
import { assertSentence, newPath, readAll } from './support.js'

/** Times that each part is damaged. */
const DAMAGES = 100

type Fields = ReadonlyArray<readonly [id: number, value: number | string | Uint8Array]>

/** A message of Protocol Buffers from its fields. */
function message (...fields: Fields): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const [id, value] of fields) {
    if (typeof value === 'number') writer.uint32(id << 3).uint64(value)
    else writer.uint32(id << 3 | 2).bytes(typeof value === 'string' ? Buffer.from(value) : value)
  }
  return writer.finish()
}

function varints (...numbers: number[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const number of numbers) writer.uint32(number)
  return writer.finish()
}

/** A block of a sorted table, whose keys share what they can; uncompressed, with a checksum that nobody reads. */
function block (entries: ReadonlyArray<readonly [key: string, value: Uint8Array]>, compression = 0): Buffer {
  const parts = entries.map(([key, value], index) => {
    const before = entries[index - 1]?.[0] ?? ''
    const shared = [...key].findIndex((character, position) => character !== before[position])
    const length = shared === -1 ? key.length : shared
    return Buffer.concat([varints(length, key.length - length, value.length), Buffer.from(key.slice(length)), value])
  })
  return Buffer.concat([...parts, Buffer.from(Uint32Array.of(0, 1).buffer), Buffer.of(compression, 0, 0, 0, 0)])
}

function table (entries: ReadonlyArray<readonly [key: string, value: Uint8Array]>, compression = 0): Buffer {
  const [data, meta] = [block(entries, compression), block([])]
  const index = block([['z', varints(0, data.length - 5)]])
  const footer = Buffer.alloc(48)
  footer.set(varints(data.length, meta.length - 5, data.length + meta.length, index.length - 5))
  footer.set(Buffer.from('57fb808b247547db', 'hex'), 40)
  return Buffer.concat([data, meta, index, footer])
}

const tensor = (shape: readonly number[], offset: number, size: number, dtype = 1): Uint8Array => message(
  [1, dtype], [2, message(...shape.map((side) => [2, message([1, side])] as const))], [4, offset], [5, size]
)
const node = (children: Readonly<Record<string, number>>, key?: string): Uint8Array => message(
  ...Object.entries(children).map(([name, id]) => [1, message([1, id], [2, name])] as const),
  ...key === undefined ? [] : [[2, message([1, 'VARIABLE_VALUE'], [3, key])] as const]
)
const GRAPH = message(...[
  node({ 'layer_with_weights-0': 1, 'layer-0': 1 }), node({ 'layer_with_weights-0': 2 }),
  node({ kernel: 3, bias: 4, keras_api: 5 }), node({}, 'v/0'), node({}, 'v/1'), node({})
].map((one) => [1, one] as const))
const TEXT = Buffer.concat([varints(GRAPH.length), Buffer.alloc(4), GRAPH])
const VALUES = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9).buffer)

const CONFIG = { name: 'net', layers: [{ units: { class_name: '__tuple__', items: [1, 2] } }] }
const OBJECTS: Readonly<Record<string, string>> = {
  root: `{"class_name": "Sequential", "keras_version": "2.15.0", "config": ${JSON.stringify(CONFIG)}, "build_input_shape": ` +
    '{"class_name": "TensorShape", "items": [null, 8, 8, 3]}, "training_config": {"loss": "mse", "optimizer": {"clip": NaN}}}',
  'root.layer_with_weights-0': '{"name": "base"}',
  'root.layer_with_weights-0.layer_with_weights-0': '{"name": "dense"}'
}

interface Parts {
  readonly objects?: Readonly<Record<string, string>>
  readonly entries?: Readonly<Record<string, Uint8Array>>
  readonly compression?: number
  readonly index?: (bytes: Buffer) => Buffer
}

function savedModel ({ objects = OBJECTS, entries = {}, compression, index = (bytes) => bytes }: Parts = {}): string {
  const folder = newPath('saved')
  mkdirSync(join(folder, 'variables'), { recursive: true })
  writeFileSync(join(folder, 'saved_model.pb'), Buffer.of(8, 1))
  writeFileSync(join(folder, 'keras_metadata.pb'), message(
    ...Object.entries(objects).map(([path, metadata]) => [1, message([3, path], [5, metadata])] as const)
  ))
  writeFileSync(join(folder, 'variables', 'variables.data-00000-of-00001'), Buffer.concat([VALUES, TEXT]))
  writeFileSync(join(folder, 'variables', 'variables.index'), index(table(Object.entries({
    '': message([1, 1]),
    _CHECKPOINTABLE_OBJECT_GRAPH: tensor([], VALUES.length, TEXT.length, 7),
    'v/0': tensor([2, 3], 0, 24),
    'v/1': tensor([3], 24, 12),
    ...entries
  }), compression)))
  return folder
}

suite('a SavedModel of Keras 2', () => {
  test("is read by Keras's configuration and the variables beside the graph", async () => {
    const path = savedModel()
    assert.deepEqual(await readAll(path), {
      kind: 'keras-archive',
      config: {
        class_name: 'Sequential', config: { name: 'net', layers: [{ units: [1, 2] }] }, build_config: { input_shape: [null, 8, 8, 3] }
      },
      training: { loss: 'mse', optimizer: { clip: null } },
      kerasVersion: '2.15.0',
      weights: [['base/dense: kernel [2, 3]', [1, 2, 3, 4, 5, 6]], ['base/dense: bias [3]', [7, 8, 9]]]
    })
    const files = ['keras_metadata.pb', 'variables/variables.data-00000-of-00001', 'variables/variables.index']
    assert.deepEqual(await filesOf(path), files.map((file) => join(path, file)))
  })

  test('by one of its files, and in a folder of versions the newest', async () => {
    const path = savedModel()
    assert.deepEqual(await identify(join(path, 'saved_model.pb')), { container: 'keras-saved-model', file: path })
    const base = newPath('versions')
    for (const version of ['9', '10']) mkdirSync(join(base, version), { recursive: true })
    writeFileSync(join(base, '10', 'saved_model.pb'), '')
    writeFileSync(join(base, '10', 'keras_metadata.pb'), '')
    assert.deepEqual(await identify(base), { container: 'keras-saved-model', file: join(base, '10') })
  })

  const damaged: Array<[name: string, parts: Parts, reason: RegExp]> = [
    ['an index that is cut off', { index: (bytes) => bytes.subarray(0, -9) }, /it is cut off, or no sorted table$/],
    ['an index that points beyond its end', { index: (bytes) => Buffer.concat([bytes.subarray(0, 20), bytes.subarray(-48)]) },
      /it points beyond its end$/],
    ['a compressed index', { compression: 1 }, /it is compressed, which no index of TensorFlow is$/],
    ['keys that run beyond their block', { index: (bytes) => { bytes[1] = 0x7f; return bytes } }, /: it (ends early|has a damaged key)$/],
    ['more values than the file has', { entries: { 'v/0': tensor([2, 30_000], 0, 240_000) } },
      /its v\/0 claims 240000 bytes from 0 of file 0/],
    ['values that do not fit the shape', { entries: { 'v/0': tensor([2, 3], 0, 20) } }, /its v\/0 claims 20 bytes/],
    ['files of variables without end', { entries: { '': message([1, 1_000_000_000]) } }, /it claims 1000000000 files of variables$/],
    ['a file of variables that is not there', { entries: { '': message([1, 2]) } }, /variables\.data-00000-of-00002/],
    ['no word of what belongs to what', { entries: { _CHECKPOINTABLE_OBJECT_GRAPH: tensor([], 0, 8, 7) } },
      /what its variables belong to$/],
    ['no model', { objects: {} }, /its keras_metadata\.pb says nothing of the model$/],
    ['an empty model', { objects: { root: 'null' } }, /its keras_metadata\.pb says nothing of the model$/],
    ['damaged metadata', { objects: { root: '{' } }, /JSON/]
  ]
  for (const [name, parts, reason] of damaged) {
    test(`${name} is refused`, async () => {
      await assert.rejects(readAll(savedModel(parts)), (error: Error) => {
        assert.equal(error.name, 'WeightsError')
        assert.match(error.message, /is not a whole SavedModel of Keras: /)
        assert.match(error.message, reason)
        return true
      })
    })
  }

  for (const file of ['keras_metadata.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001']) {
    test(`${file} damaged at random: it is read or refused in one sentence`, async () => {
      for (let seed = 1; seed <= DAMAGES; seed += 1) {
        const random = new Random(seed)
        const folder = savedModel()
        const bytes = readFileSync(join(folder, file))
        for (let hit = 0; hit < 1 + seed % 4; hit += 1) bytes[random.below(bytes.length)] = random.below(256)
        writeFileSync(join(folder, file), bytes)
        await readAll(folder).catch((error: unknown) => assertSentence(error, folder, /./))
      }
    })
  }
})
