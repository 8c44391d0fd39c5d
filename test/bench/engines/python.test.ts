import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { contestantsHere } from '../../../bench/engines/contestants.js'
import { nameOf, type PythonContestant } from '../../../bench/engines/engine.js'
import { exportNetwork } from '../../../bench/engines/exported.js'
import { startPythonEngine } from '../../../bench/engines/python.js'
import { testImages } from '../../../bench/network/model.js'
import { whyNoModules } from '../../../bench/python/packages.js'
import { PythonProcess } from '../../../bench/python/process.js'
import { chooseKernels } from '../../../src/engine/kernels.js'
import { parsePreset, presetNetwork } from '../../../src/model/presets/index.js'
import { randomWeights } from '../../../src/model/random-weights.js'
import { referenceValues } from '../../support/reference-network.js'
import { tempFolder } from '../../support/temp-folder.js'

const IMAGES = 8
const CLASSES = 4
const network = presetNetwork(parsePreset(`xception?width=0.14&size=32&stem=1&classes=${CLASSES}`), { scale: 1 / 127.5, offset: -1 })
const weights = randomWeights(network)

/** Largest difference of a probability: rounding, in bfloat16, and in int8 with a softmax in steps of 1/256. */
const TOLERANCES = { float32: 1e-5, bfloat16: 0.02, int8: 0.15 }

const ENGINES: readonly PythonContestant[] = [
  { engine: 'openvino', precision: 'float32' },
  { engine: 'openvino', precision: 'bfloat16' },
  { engine: 'openvino', precision: 'int8' },
  { engine: 'onnxruntime', precision: 'int8' }
]

suite('engines that Python has', () => {
  for (const one of ENGINES) {
    const skip = whyNoModules([one.engine, 'onnx', 'onnxruntime']) ?? false
    test(`${nameOf(one)} gives what the naive evaluation gives`, { skip }, async (t) => {
      const folder = tempFolder(t)
      const exported = await exportNetwork({ network, weights }, { folder, images: IMAGES, quantized: one.precision === 'int8' })
      const engine = await startPythonEngine(one, exported, 1)
      const { milliseconds, probabilities } = await engine.run(2, 3)
      await engine.stop()
      assert.equal(milliseconds.length, 3)
      assert.equal(probabilities.length, 2 * CLASSES)
      for (const [index, image] of testImages(2, network.input.side).entries()) {
        const expected = referenceValues(network, weights, image).get(network.layers.at(-1)?.name ?? '')?.data ?? []
        for (const [classId, value] of expected.entries()) {
          const found = probabilities[index * CLASSES + classId] ?? NaN
          assert.ok(Math.abs(value - found) < TOLERANCES[one.precision], `${value} is not ${found}`)
        }
      }
    })
  }

  test('who cannot be measured is named with the reason, and the others are measured', () => {
    const { contestants, leftOut } = contestantsHere(['float32'])
    const inNode = contestants.map(nameOf).filter((name) => !/^(openvino|onnxruntime) /.test(name))
    const ours = chooseKernels('int8', 'cpu') === 'tensorflow' ? ['ours float32'] : ['ours float32', 'ours int8']
    assert.deepEqual(inNode, [...ours, 'onnxruntime-node float32', 'tfjs-node float32'])
    assert.equal(contestants.length - inNode.length + leftOut.length, 3)
    for (const text of leftOut) assert.match(text, /^(openvino|onnxruntime) \w+ is left out, \S+ has no \w+/)
    assert.match(whyNoModules(['json', 'no_such_module']) ?? '', /has no no_such_module$/)
  })

  test('a program that ends instead of answering is reported by its path', async () => {
    const python = PythonProcess.start('bench/engines/engine.py')
    await assert.rejects(python.ask({ engine: 'none' }), /bench\/engines\/engine\.py ended without an answer/)
  })
})
