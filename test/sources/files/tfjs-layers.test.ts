import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { before, test } from 'node:test'
import type { io } from '@tensorflow/tfjs-core'
import { assertSentence, newPath, readAll } from './support.js'

// The CommonJS builds: TensorFlow.js's ES modules cannot be imported by Node.
const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core')
const layers = require('@tensorflow/tfjs-layers') as typeof import('@tensorflow/tfjs-layers')
require('@tensorflow/tfjs-backend-cpu')

/** Writes model.json and its shards; returns the path of model.json. */
function write (
  manifest: unknown,
  shards: Readonly<Record<string, Uint8Array>>,
  modelTopology: unknown = { class_name: 'Sequential', config: {} }
): string {
  const path = join(newPath('tfjs'), 'model.json')
  mkdirSync(dirname(path))
  writeFileSync(path, JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest: manifest }))
  for (const [name, bytes] of Object.entries(shards)) writeFileSync(join(dirname(path), name), bytes)
  return path
}

const sequential = layers.sequential({
  layers: [
    layers.layers.separableConv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, useBias: false, name: 'sepconv' }),
    layers.layers.batchNormalization({ name: 'bn' }),
    layers.layers.flatten(),
    layers.layers.dense({ units: 2, name: 'predictions' })
  ]
})
let artifacts: io.ModelArtifacts
before(async () => {
  await sequential.save(tf.io.withSaveHandler(async (saved) => {
    artifacts = saved
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  }))
})

const bytesOf = (): Buffer => Buffer.concat([artifacts.weightData ?? []].flat().map((part) => new Uint8Array(part)))

test('a model that TensorFlow.js saved, its weights in several shards', async () => {
  const bytes = bytesOf()
  const specs = artifacts.weightSpecs ?? []
  const shards = {
    'group1-shard1of3': bytes.subarray(0, 100),
    'group1-shard2of3': bytes.subarray(100, 101),
    'group1-shard3of3': bytes.subarray(101)
  }
  const path = write([{ paths: Object.keys(shards), weights: specs }], shards, artifacts.modelTopology)
  const expected = sequential.weights.map((weight) =>
    [`${dirname(weight.name)}: ${weight.name} [${weight.shape.join(', ')}]`, [...weight.read().dataSync()]])
  const { kind, config, kerasVersion, weights } = await readAll(path)
  assert.equal(kind, 'tfjs-layers')
  assert.equal((config as { class_name: string }).class_name, 'Sequential')
  assert.match(kerasVersion ?? '', /^tfjs-layers /)
  assert.deepEqual(new Map(weights.map(([name, values]) => [name, values])), new Map(expected.map(([name, values]) => [name, values])))
  assert.deepEqual(await readAll(dirname(path)), await readAll(path), 'the folder names the same model')
})

test("the converter's topology: Keras's configuration under model_config", async () => {
  const path = write([], {}, {
    keras_version: '2.15.0',
    backend: 'tensorflow',
    model_config: { class_name: 'Functional', config: { name: 'x' } },
    training_config: { loss: 'mse' }
  })
  assert.deepEqual(await readAll(path), {
    kind: 'tfjs-layers',
    config: { class_name: 'Functional', config: { name: 'x' } },
    training: { loss: 'mse' },
    kerasVersion: '2.15.0',
    weights: []
  })
})

const halves = Uint16Array.of(0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xc100, 0x7bff, 0x7c00, 0xfc00)
const quantized: Array<[name: string, quantization: io.WeightsManifestEntry['quantization'], bytes: Uint8Array]> = [
  ['uint8', { dtype: 'uint8', scale: 0.0123456789, min: -1.57 }, Uint8Array.from({ length: 256 }, (_, value) => value)],
  [
    'uint16',
    { dtype: 'uint16', scale: 3.3e-5, min: -0.71 },
    new Uint8Array(Uint16Array.from({ length: 300 }, (_, index) => index * 217).buffer)
  ],
  ['float16', { dtype: 'float16' }, new Uint8Array(halves.buffer)]
]
for (const [name, quantization, bytes] of quantized) {
  test(`shards quantized to ${name}: the same values as TensorFlow.js's own loader`, async () => {
    const count = name === 'uint8' ? bytes.length : bytes.length / 2
    const specs = [
      { name: 'a/quantized', shape: [count], dtype: 'float32', quantization },
      { name: 'a/plain', shape: [1], dtype: 'float32' }
    ] as io.WeightsManifestEntry[]
    const data = Buffer.concat([bytes, new Uint8Array(Float32Array.of(0.1).buffer)])
    const expected = tf.io.decodeWeights(new Uint8Array(data).buffer, specs)
    const { weights } = await readAll(write([{ paths: ['shard'], weights: specs }], { shard: data }))
    assert.deepEqual(weights.map(([, values]) => values), specs.map((spec) => [...expected[spec.name]?.dataSync() ?? []]))
  })
}

test('weights that are not float32 are listed, and refused when they are read', async () => {
  const specs = [{ name: 'seed', shape: [2], dtype: 'int32' }, { name: 'a/w', shape: [1], dtype: 'float32' }]
  const path = write([{ paths: ['shard'], weights: specs }], { shard: new Uint8Array(12) })
  await assert.rejects(readAll(path), (error) => assertSentence(error, path, /seed is int32, and only float32 is read/))
})

const one = [{ name: 'a/w', shape: [2], dtype: 'float32' }]
const damaged: Array<[name: string, manifest: unknown, message: RegExp]> = [
  ['a shard that is missing', [{ paths: ['gone'], weights: one }], /the shard gone is not beside it/],
  ['a shard outside of the folder', [{ paths: ['../shard'], weights: one }], /outside of the model's folder/],
  ['a shard outside of the folder by detours', [{ paths: ['a/../../shard'], weights: one }], /outside of the model's folder/],
  ['a shard by an absolute path', [{ paths: ['/etc/hostname'], weights: one }], /outside of the model's folder/],
  ['a shard that is too short', [{ paths: ['shard'], weights: [...one, ...one] }], /take 16 bytes, and these files have 8/],
  ['a shard that is too long', [{ paths: ['shard'], weights: [{ ...one[0], shape: [1] }] }], /take 4 bytes, and these files have 8/],
  ['an absurd shape', [{ paths: ['shard'], weights: [{ ...one[0], shape: [1e9, 1e9, 1e9] }] }], /take 4e\+27 bytes/],
  ['a negative shape', [{ paths: ['shard'], weights: [{ ...one[0], shape: [-2] }] }], /model\.json: weightsManifest/],
  [
    'a type without a known size',
    [{ paths: ['shard'], weights: [{ ...one[0], dtype: 'string' }] }],
    /a\/w is string, whose size is not known/
  ],
  ['a quantization without its range', [{ paths: ['shard'], weights: [{ ...one[0], quantization: { dtype: 'uint8' } }] }], /quantization/],
  ['a manifest that is no list', {}, /weightsManifest/]
]
for (const [name, manifest, message] of damaged) {
  test(`${name}: refused in one sentence`, async () => {
    const path = write(manifest, { shard: new Uint8Array(8) })
    await assert.rejects(readAll(path), (error) => assertSentence(error, path, message))
  })
}
