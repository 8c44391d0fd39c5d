import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify, readStoredModel } from '../../../src/sources/files/index.js'
import { assertSentence, fillKeras3, newPath, writeFile, writeHdf5, zip } from './support.js'

function writeFolder (files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = newPath('folder')
  mkdirSync(path)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

const text = (...content: string[]): Buffer => Buffer.from(content.join('\n'))
const bytes = (hex: string, rest = ''): Buffer => Buffer.concat([Buffer.from(hex.replaceAll(' ', ''), 'hex'), Buffer.from(rest)])
const zipOf = (...names: string[]): Buffer => zip(names.map((name) => ({ name, content: Buffer.from('x') })))

test('the kind is found from the content, whatever the name', async () => {
  const layersModel = JSON.stringify({ format: 'layers-model', modelTopology: { class_name: 'Sequential' }, weightsManifest: [] })
  const header = '{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
  const found = {
    hdf5: await writeHdf5('model.keras', fillKeras3),
    'keras-archive': writeFile('model.h5', zipOf('metadata.json', 'config.json', 'model.weights.h5')),
    'tfjs-layers': writeFile('model.pb', layersModel),
    safetensors: writeFile('weights.json', bytes(`${header.length.toString(16)} 00000000000000`, header))
  }
  for (const [container, file] of Object.entries(found)) assert.deepEqual(await identify(file), { container, file })
})

test('folders: model packages, and models of TensorFlow.js', async () => {
  const ours = writeFolder({ 'model.json': '{"architecture": {}}' })
  const theirs = writeFolder({ 'model.json': '{"modelTopology": {}, "weightsManifest": []}' })
  assert.deepEqual(await identify(ours), { container: 'package', file: join(ours, 'model.json') })
  assert.deepEqual(await identify(theirs), { container: 'tfjs-layers', file: join(theirs, 'model.json') })
  await assert.rejects(readStoredModel(ours), /describes a model package: name its folder/)
})

test('nothing there', async () => {
  const path = newPath('nothing')
  await assert.rejects(identify(path), (error) => assertSentence(error, path, /does not exist/))
})

const foreign: Array<[name: string, content: string | Uint8Array, message: RegExp]> = [
  ['an empty file', '', / is empty\.$/],
  [
    'a TensorFlow.js graph model',
    '{"format": "graph-model", "modelTopology": {"node": []}, "weightsManifest": []}',
    /graph model.*tfjs_layers_model/
  ],
  ['a TensorFlow.js graph model without its format', '{"modelTopology": {"node": []}, "weightsManifest": []}', /graph model/],
  ['a SavedModel', bytes('08 01 12 9a 05'), /SavedModel.*name its folder/],
  ['a frozen graph', bytes('0a 2f 0a 05', 'input\x12\x0bPlaceholder'), /frozen TensorFlow graph/],
  ['an ONNX model', bytes('08 08 12 07', 'pytorch'), /is an ONNX model/],
  ['an ONNX model without a producer', bytes('08 0a 3a 80 01'), /is an ONNX model/],
  ['a TensorFlow Lite model', bytes('1c000000', 'TFL3'), /TensorFlow Lite/],
  ["a checkpoint's index", bytes('00 00 00 00 57fb808b247547db'), /index of a TensorFlow checkpoint/],
  ['a TorchScript program', zipOf('archive/data.pkl', 'archive/code/__torch__.py'), /is a TorchScript program/],
  ['a damaged file of PyTorch', zipOf('archive/data.pkl', 'archive/data/0'), /is no PyTorch file that can be read/],
  ['an old file of PyTorch that ends early', bytes('80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e'), /its pickle ends early/],
  ['a pickle of something else', bytes('80 04 95 00'), /pickle, and none that torch\.save wrote/],
  ['a zipped SavedModel', zipOf('m/saved_model.pb'), /SavedModel/],
  ['a .keras archive in shards', zipOf('config.json', 'model.weights.json', 'model_00000.weights.h5'), /in several files/],
  ['another zip archive', zipOf('photo.jpg'), /no \.keras archive/],
  ['a cut zip archive', zipOf('config.json', 'model.weights.h5').subarray(0, 60), /not a whole zip archive/],
  ["a model's configuration alone", '{"class_name": "Functional", "config": {}}', /configuration without its weights/],
  ["a model's configuration in YAML", text('backend: tensorflow', 'class_name: Functional'), /configuration in YAML/],
  ['an index of shards', '{"metadata": {}, "weight_map": {"a": "b"}}', /several files/],
  ['other JSON', '{"hello": 1}', /JSON and no model/],
  ['damaged JSON', '{"hello": \n\x01 oops}', /damaged JSON/],
  ['a gzip file', bytes('1f 8b 08 00'), /unpack it/],
  ['a tar archive', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\x0000'), Buffer.alloc(200)]), /unpack it/],
  ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1', 'oid sha256:0'), /Git LFS pointer/],
  ['a web page', text('', '<!DOCTYPE html><title>404</title>'), /web page/],
  ['rubbish', bytes('de ad be ef'), /no kind of model file that is known: expected \.keras/]
]
for (const [name, content, message] of foreign) {
  test(`${name}: refused in one sentence`, async () => {
    const path = writeFile('model.keras', content)
    await assert.rejects(readStoredModel(path), (error) => assertSentence(error, path, message))
  })
}

test("a checkpoint's values are known by their name", async () => {
  const path = writeFile('variables.data-00000-of-00001', bytes('00 01 02 03'))
  await assert.rejects(readStoredModel(path), (error) => assertSentence(error, path, /values of a TensorFlow checkpoint/))
})

const folders: Array<[name: string, files: Record<string, string>, message: RegExp]> = [
  ['an empty folder', {}, /is an empty folder/],
  ['a SavedModel', { 'saved_model.pb': '', 'keras_metadata.pb': '' }, /SavedModel/],
  ['a checkpoint', { checkpoint: '', 'ckpt.index': '', 'ckpt.data-00000-of-00001': '' }, /checkpoint/],
  ['a folder of something else', { 'notes.txt': '' }, /without model\.json/],
  ['a graph model', { 'model.json': '{"format": "graph-model"}' }, /graph model/]
]
for (const [name, files, message] of folders) {
  test(`${name}: refused in one sentence`, async () => {
    const path = writeFolder(files)
    await assert.rejects(readStoredModel(path), (error) => assertSentence(error, path, message))
  })
}
