import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import { encodeOnnx } from '../../../bench/engines/onnx.js'
import { classifyPhoto } from '../../../bench/http/classify-photo.js'
import { startLitServe, whyNoLitServe } from '../../../bench/peers/litserve.js'
import { parsePreset, presetNetwork } from '../../../src/model/presets/index.js'
import { randomWeights } from '../../../src/model/random-weights.js'
import { referenceValues } from '../../support/reference-network.js'
import { tempFolder } from '../../support/temp-folder.js'

const SIDE = 32
const TOLERANCE = 1e-4
const network = presetNetwork(parsePreset(`xception?width=0.14&size=${SIDE}&stem=1&classes=4`), { scale: 1 / 127.5, offset: -1 })
const weights = randomWeights(network)

suite('LitServe as a peer', { skip: whyNoLitServe() ?? false }, () => {
  for (const { workers, batch } of [{ workers: 1, batch: 8 }, { workers: 2, batch: 1 }]) {
    test(`answers what the naive evaluation gives, workers: ${workers}, batches of ${batch}`, async (t) => {
      const folder = tempFolder(t)
      const path = join(folder, 'network.onnx')
      await writeFile(path, encodeOnnx(network, weights))
      const peer = await startLitServe({ path, input: network.input, precision: 'float32', workers, threads: 1, batch })
      peer.pause?.()
      peer.resume?.()
      // One colour survives a JPEG, and resizing.
      const photo = sharp({ create: { width: 2 * SIDE, height: SIDE, channels: 3, background: { r: 200, g: 200, b: 200 } } })
      const answer = await classifyPhoto(peer.url, await photo.jpeg().toBuffer())
      await peer.stop()
      const { predictions } = answer as { predictions: ReadonlyArray<{ classId: number, probability: number }> }
      const image = new Uint8Array(SIDE * SIDE * 3).fill(200)
      const expected = referenceValues(network, weights, image).get(network.layers.at(-1)?.name ?? '')?.data ?? []
      assert.equal(predictions.length, expected.length)
      for (const { classId, probability } of predictions) assert.ok(Math.abs(probability - (expected[classId] ?? NaN)) < TOLERANCE)
      const probabilities = predictions.map(({ probability }) => probability)
      assert.deepEqual(probabilities, probabilities.toSorted((left, right) => right - left))
    })
  }
})
