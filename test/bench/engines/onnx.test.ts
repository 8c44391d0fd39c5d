import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeOnnx, INPUT_NAME, OUTPUT_NAME } from '../../../bench/engines/onnx.js'
import { Random } from '../../../src/base/random.js'
import { RandomNetworks } from '../../support/random-network.js'
import { referenceInput, referenceValues } from '../../support/reference-network.js'

const NETWORKS = 12
const TOLERANCE = 1e-5
const REFUSED = new Set(['gelu', 'mish', 'resizing', 'layerNormalization'])

suite('a network written as ONNX', () => {
  test('gives in ONNX Runtime what the naive evaluation gives', async () => {
    const networks = new RandomNetworks(new Random(11))
    for (let written = 0; written < NETWORKS;) {
      const { network, weights, images } = networks.next()
      const kinds = network.layers.map(({ operation }) => operation.kind === 'activation' ? operation.activation.function : operation.kind)
      if (kinds.some((kind) => REFUSED.has(kind))) {
        assert.throws(() => encodeOnnx(network, weights), /not written as ONNX/)
        continue
      }
      written++
      const { side, channels } = network.input
      const session = await InferenceSession.create(encodeOnnx(network, weights), { intraOpNumThreads: 1 })
      for (const image of images) {
        const { data: values } = referenceInput(network, image)
        const positions = side * side
        const planes = Float32Array.from(values, (_, index) => values[index % positions * channels + Math.floor(index / positions)] ?? NaN)
        const outputs = await session.run({ [INPUT_NAME]: new Tensor('float32', planes, [1, channels, side, side]) })
        const found = outputs[OUTPUT_NAME]?.data as Float32Array
        const expected = referenceValues(network, weights, image).get(network.layers.at(-1)?.name ?? '')?.data ?? []
        assert.equal(found.length, expected.length)
        for (const [index, value] of expected.entries()) {
          assert.ok(Math.abs(value - (found[index] ?? NaN)) < TOLERANCE, `${value} is not ${found[index]}`)
        }
      }
      await session.release()
    }
  })
})
