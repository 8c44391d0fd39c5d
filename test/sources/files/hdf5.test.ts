import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { File } from 'h5wasm/node'
import { readStoredModel } from '../../../src/sources/files/index.js'
import { until } from '../../support/until.js'
import { assertSentence, dataset, fillKeras3, readAll, writeFile, writeHdf5 } from './support.js'

function fillLegacy (file: File, root = file.create_group('model_weights')): void {
  root.create_attribute('layer_names', ['input', 'conv', 'a/b'])
  root.create_group('input').create_attribute('weight_names', new Float64Array(0))
  const conv = root.create_group('conv')
  conv.create_attribute('weight_names', ['conv/kernel:0', 'conv/bias:0'])
  dataset(conv.create_group('conv'), 'kernel:0', [1, 1, 1, 2], [1, 2])
  dataset(file.get(`${conv.path}/conv`) as File, 'bias:0', [2], [3, 4])
  const slashed = root.create_group('a').create_group('b')
  slashed.create_attribute('weight_names', ['w'])
  dataset(slashed, 'w', [1], [5])
}
const legacyWeights = [['conv: conv/kernel:0 [1, 1, 1, 2]', [1, 2]], ['conv: conv/bias:0 [2]', [3, 4]], ['a/b: w [1]', [5]]]

test('legacy weights, in the order of layer_names, layers without weights left out', async () => {
  const path = await writeHdf5('weights.h5', (file) => {
    fillLegacy(file, file)
    file.create_attribute('keras_version', '2.15.0')
  })
  assert.deepEqual(await readAll(path), { kind: 'hdf5-weights', config: undefined, kerasVersion: '2.15.0', weights: legacyWeights })
})

test('a whole legacy model, with its configuration and without its optimizer', async () => {
  const path = await writeHdf5('model.h5', (file) => {
    fillLegacy(file)
    file.create_attribute('model_config', JSON.stringify({ class_name: 'Functional', config: {} }))
    file.create_attribute('training_config', '{"loss": "mse"}')
    dataset(file.create_group('optimizer_weights'), 'iterations:0', [1], [9])
  })
  assert.deepEqual(await readAll(path), {
    kind: 'hdf5-model',
    config: { class_name: 'Functional', config: {} },
    training: '{"loss": "mse"}',
    kerasVersion: undefined,
    weights: legacyWeights
  })
})

test('names that Keras splits into several attributes', async () => {
  const path = await writeHdf5('split.h5', (file) => {
    file.create_attribute('layer_names0', ['b'])
    file.create_attribute('layer_names1', ['a'])
    for (const name of ['a', 'b']) {
      const group = file.create_group(name)
      group.create_attribute('weight_names0', ['x'])
      group.create_attribute('weight_names1', ['y'])
      dataset(group, 'x', [1], [1])
      dataset(group, 'y', [1], [2])
    }
  })
  assert.deepEqual((await readAll(path)).weights, [['b: x [1]', [1]], ['b: y [1]', [2]], ['a: x [1]', [1]], ['a: y [1]', [2]]])
})

test('Keras 3: nested layers by path, in natural number order', async () => {
  const path = await writeHdf5('nested.weights.h5', (file) => {
    const layers = file.create_group('layers').create_group('functional').create_group('layers')
    for (const name of ['conv2d_10', 'conv2d_2', 'conv2d']) {
      const vars = layers.create_group(name).create_group('vars')
      for (let number = 0; number < (name === 'conv2d' ? 11 : 1); number += 1) dataset(vars, String(number), [1], [number])
    }
    layers.create_group('activation').create_group('vars')
    dataset(file.create_group('optimizer').create_group('vars'), '0', [1], [7])
  })
  const { kind, weights } = await readAll(path)
  assert.equal(kind, 'keras3-weights')
  assert.deepEqual(weights, [
    ...Array.from({ length: 11 }, (_, number) => [`functional/conv2d: vars/${number} [1]`, [number]]),
    ['functional/conv2d_2: vars/0 [1]', [0]],
    ['functional/conv2d_10: vars/0 [1]', [0]]
  ])
})

test('the layout of .keras files from Keras 2', async () => {
  const path = await writeHdf5('keras2.weights.h5', (file) => {
    dataset(file.create_group('_layer_checkpoint_dependencies').create_group('dense').create_group('vars'), '0', [1], [3])
  })
  assert.deepEqual((await readAll(path)).weights, [['dense: vars/0 [1]', [3]]])
})

/** Type messages of the HDF5 format (section IV.A.2.d) for IEEE floats: version and class, bits, size, layout of the fields, bias. */
const FLOAT32 = '11201f000400000000002000170800177f000000'
const FLOAT16 = '11200f0002000000000010000a05000a0f000000'

test('half floats', async () => {
  // h5wasm cannot write them, so a file of two floats is made to say that it has two halves: 1.5 and -2.
  const written = await writeHdf5('float.weights.h5', (file) => {
    const vars = file.create_group('layers').create_group('dense').create_group('vars')
    vars.create_dataset({ name: '0', data: new Float32Array(Uint16Array.of(0x3e00, 0xc000, 0, 0).buffer) })
  })
  const path = writeFile('half.weights.h5', Buffer.from(readFileSync(written).toString('hex').replace(FLOAT32, FLOAT16), 'hex'))
  assert.deepEqual((await readAll(path)).weights, [['dense: vars/0 [2]', [1.5, -2]]])
})

test('compressed floats and bfloat16', async () => {
  const path = await writeHdf5('formats.weights.h5', (file) => {
    const vars = file.create_group('layers').create_group('dense').create_group('vars')
    vars.create_dataset({ name: '0', data: Float32Array.of(1, 2, 3, 4), shape: [4], chunks: [2], compression: 'gzip' })
    vars.create_dataset({ name: '1', data: Uint16Array.of(0x3fc0, 0xc000) }).create_attribute('dtype', 'bfloat16')
  })
  assert.deepEqual((await readAll(path)).weights, [['dense: vars/0 [4]', [1, 2, 3, 4]], ['dense: vars/1 [2]', [1.5, -2]]])
})

test('what is not a float is listed, and refused when it is read', async () => {
  const path = await writeHdf5('counters.weights.h5', (file) => {
    file.create_group('layers').create_group('dropout').create_group('vars').create_dataset({ name: '0', data: Uint32Array.of(1, 2) })
  })
  await assert.rejects(readAll(path), (error) =>
    assertSentence(error, path, /its \/layers\/dropout\/vars\/0 is integer of 4 bytes, and only floats/))
})

const refused: Array<[name: string, fill: (file: File) => void, message: RegExp]> = [
  ['a file of somebody else', (file) => { dataset(file, 'spectrum', [1], [1]) }, /Keras did not write it/],
  ['a configuration without weights', (file) => { file.create_attribute('model_config', '{}') }, /no weights/],
  ['a configuration that is no JSON', (file) => { fillLegacy(file); file.create_attribute('model_config', '{') }, /damaged model_config/],
  ['names that are numbers', (file) => { file.create_attribute('layer_names', Float32Array.of(1)) }, /layer_names is not text/],
  ['a layer that is not there', (file) => { file.create_attribute('layer_names', ['gone']) }, /lists gone, which it does not have/],
  ['a weight that is not there', (file) => {
    file.create_attribute('layer_names', ['conv'])
    file.create_group('conv').create_attribute('weight_names', ['kernel:0'])
  }, /lists kernel:0, which it does not have/],
  ['a weight of an absurd size', (file) => {
    fillKeras3(file)
    const vars = file.get('layers/dense/vars') as File
    vars.create_dataset({
      name: '2', data: Float32Array.of(1), shape: [1], maxshape: [null], chunks: [1024], compression: 'gzip'
    }).resize([2 ** 40])
  }, /claims the shape \[1099511627776\], more than a file of \d+ bytes can hold/],
  ['the same weight over and over', (file) => {
    fillKeras3(file)
    dataset(file, 'large', [4096], new Float32Array(4096))
    for (let index = 0; index < 50; index += 1) file.create_hard_link('/large', `/layers/dense/vars/${index + 2}`)
  }, /more than a file of/],
  ['groups that contain themselves', (file) => {
    fillKeras3(file)
    file.create_hard_link('/layers', '/layers/dense/layers_again')
  }, /nest without end/]
]
for (const [name, fill, message] of refused) {
  test(`${name}: refused in one sentence`, async () => {
    const path = await writeHdf5('refused.h5', fill)
    await assert.rejects(readAll(path), (error) => assertSentence(error, path, message))
  })
}

test('a weight in another file is not looked for', async () => {
  const other = await writeHdf5('other.h5', (file) => { dataset(file, 'kernel', [1], [1]) })
  const path = await writeHdf5('linking.h5', (file) => {
    file.create_attribute('layer_names', ['conv'])
    const conv = file.create_group('conv')
    conv.create_attribute('weight_names', ['kernel'])
    conv.create_external_link(other, '/kernel', 'kernel')
  })
  await assert.rejects(readAll(path), (error) => assertSentence(error, path, /lists kernel, which it does not have/))
})

/** Of this process; there are others that ended and wait for nothing. */
function childProcesses (): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter((text) => text !== '').map(Number)
}

test('one process reads one file after another, but for what it failed at, and ends when no more come', async () => {
  const good = await writeHdf5('good.weights.h5', fillKeras3)
  const bad = await writeHdf5('bad.weights.h5', (file) => { file.create_attribute('model_config', '{}') })
  const before = await readAll(good)
  const first = childProcesses()
  assert.equal(first.length, 1)
  assert.deepEqual(await readAll(good), before)
  assert.deepEqual(childProcesses(), first)
  await assert.rejects(readAll(bad))
  assert.deepEqual(await readAll(good), before)
  assert.ok(childProcesses().every((process) => !first.includes(process)))
  await until('the process has ended', () => childProcesses().length === 0)
})

test('a process of the library that ends early makes an error, and nothing hangs', async () => {
  const path = await writeHdf5('killed.weights.h5', fillKeras3)
  const { layers, close } = await readStoredModel(path)
  const children = childProcesses()
  assert.equal(children.length, 1)
  for (const child of children) process.kill(child, 'SIGKILL')
  for (const { read } of layers[0]?.weights ?? []) {
    await assert.rejects(read(), (error: unknown) => assertSentence(error, path, /the process that reads it was ended by SIGKILL/))
  }
  await close()
})
