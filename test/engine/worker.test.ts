import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { compile, writeSavedModel } from '../../src/compiler/index.js'
import type { OutputValues } from '../../src/engine/protocol.js'
import { tf } from '../../src/engine/tensorflow.js'
import { load, run } from '../../src/engine/worker.js'
import { readConfig } from '../../src/config.js'
import { openModel } from '../../src/sources/open.js'
import { tempFolder } from '../support/temp-folder.js'

const IMAGE_BYTES = 32 * 32 * 3
const picture = (seed: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: IMAGE_BYTES }, (_, index) => (index * seed) % 256)

/* The worker's module in this process, where its tensors can be counted. */
test('values equal the pictures that they were made of, named outputs come alone, and no tensor stays', async (t) => {
  const folder = tempFolder(t)
  const model = await openModel(readConfig({}))
  const compiled = compile({ network: model.network, weights: await model.readWeights(), precision: 'float32', ownKernels: false })
  await writeSavedModel(folder, compiled)
  const { outputs } = await load({ path: folder, imageBytes: IMAGE_BYTES, warmUpBatchSizes: [1] })
  assert.deepEqual(outputs.filter((name) => name !== 'maps'), ['features', 'feature_map'])

  const pictures = [picture(7), picture(11)]
  const { scale, offset } = model.network.input.rescaling
  assert.ok(typeof scale === 'number' && typeof offset === 'number')
  const values = pictures.map((one) => Float32Array.from(one, (byte) => byte * scale + offset))
  const plain = run({ images: pictures, wanted: {} })
  assert.deepEqual(plain.outputs, {})

  const named = run({ images: values, wanted: { outputs: ['feature_map', 'features'] } })
  const largest = Math.max(...plain.probabilities.map((value, index) => Math.abs(value - (named.probabilities[index] ?? NaN))))
  assert.ok(largest < 1e-5, `largest difference ${largest}`)
  const { features, feature_map: map } = named.outputs as { features: OutputValues, feature_map: OutputValues }
  assert.deepEqual([features.shape, map.shape], [[512], [4, 4, 512]])
  const mean = Array.from({ length: 512 }, (_, channel) =>
    Array.from({ length: 16 }, (_, at) => map.values[at * 512 + channel] ?? NaN).reduce((a, b) => a + b) / 16)
  assert.ok(
    mean.every((value, channel) => Math.abs(value - (features.values[channel] ?? NaN)) < 1e-4),
    'features are the mean of the feature map'
  )

  await nextTurn()
  const before = tf.memory().numTensors
  for (let times = 0; times < 3; times++) {
    run({ images: pictures, wanted: {} })
    run({ images: values, wanted: { outputs: ['feature_map', 'features'], topMaps: 3 } })
  }
  await nextTurn()
  assert.equal(tf.memory().numTensors, before)
})
