import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { extract } from 'tar'
import { Random } from '../../../src/base/random.js'
import { OperatorError } from '../../../src/base/errors.js'
import { compile } from '../../../src/compiler/index.js'
import { readConfig } from '../../../src/config.js'
import type { Model } from '../../../src/model/model.js'
import { inputShape } from '../../../src/model/shapes.js'
import { WeightsError } from '../../../src/model/weights.js'
import { openModel } from '../../../src/sources/open.js'
import { loadCompiled } from '../../support/compiled-network.js'
import { shared, withoutShared } from '../../support/shared.js'
import { tempFolder } from '../../support/temp-folder.js'

/** Made by scripts/keras-fixtures/saved_models.py; compiled tests run from dist/. */
const FIXTURES = fileURLToPath(new URL('../../../../test/fixtures/saved-models/', import.meta.url))
const SIDE = 32
/** Times that each part is damaged. */
const DAMAGES = 60

interface Case { readonly name: string, readonly outputs: Readonly<Record<string, readonly number[][]>> }

const cases = JSON.parse(readFileSync(join(FIXTURES, 'manifest.json'), 'utf8')) as Case[]

function unpacked (name: string): string {
  const folder = tempFolder()
  extract({ file: join(FIXTURES, `${name}.tgz`), cwd: folder, sync: true })
  return join(folder, name)
}

async function open (path: string, env: Record<string, string> = {}): Promise<Model> {
  return await openModel(readConfig({ ...env, MODEL: path }))
}

async function probabilitiesOf (model: Model): Promise<Float32Array> {
  const { network } = model
  const weights = await model.readWeights()
  const compiled = await loadCompiled(compile({ network, weights, precision: 'float32', ownKernels: false }), inputShape(network.input))
  try {
    const pixels = readFileSync(join(FIXTURES, 'pictures.u8'))
    const bytes = SIDE * SIDE * 3
    const images = Array.from({ length: pixels.length / bytes }, (_, index) => pixels.subarray(index * bytes, (index + 1) * bytes))
    return Float32Array.from(compiled.run({ images, values: [] }).probabilities?.data ?? [])
  } finally {
    compiled.dispose()
  }
}

function assertClose (found: Float32Array, wanted: readonly number[][] | undefined): void {
  const values = (wanted ?? []).flat()
  assert.equal(found.length, values.length)
  for (const [index, value] of values.entries()) assert.ok(Math.abs(value - (found[index] ?? NaN)) < 1e-5, `${found[index]} for ${value}`)
}

suite('a SavedModel is read by its graph, and gives what TensorFlow gives', () => {
  for (const { name, outputs } of cases) {
    for (const [output, wanted] of Object.entries(outputs)) {
      test(`${name}: ${output}`, async () => {
        assertClose(await probabilitiesOf(await open(unpacked(name), { OUTPUT_LAYER: output })), wanted)
      })
    }
  }

  test('separable convolutions and batch normalizations are found in the operations that spell them out', async () => {
    const { network } = await open(unpacked('keras-zoo'))
    const kinds = network.layers.map(({ operation }) => operation.kind)
    const count = (kind: string): number => kinds.filter((one) => one === kind).length
    // Two filters a channel are a convolution with groups.
    assert.deepEqual(['separableConvolution', 'batchNormalization', 'depthwiseConvolution'].map(count), [1, 2, 0])
  })

  test('scaling and the order of channels become the input\'s', async () => {
    const { input } = await open(unpacked('operations'))
    assert.equal(input.rescaling.value.order, 'bgr')
    assert.equal(input.rescaling.from, 'operations')
  })

  test('of several outputs the first is served, and the model says so', async () => {
    const { warnings } = await open(unpacked('operations'))
    assert.match(warnings.join('\n'), /has the outputs labels, scores, of which the first is served: name another one with OUTPUT_LAYER/)
    await assert.rejects(open(unpacked('operations'), { OUTPUT_LAYER: 'boxes' }), /no output "boxes": its outputs are labels, scores$/)
  })

  test('what Keras 2 kept beside its graph is not needed', { skip: withoutShared }, async (t) => {
    const folder = join(tempFolder(t), 'model')
    cpSync(shared('cases/models/k2_savedmodel/model'), folder, { recursive: true, mode: 0 })
    const byLayers = await open(folder)
    rmSync(join(folder, 'keras_metadata.pb'), { force: true })
    const byGraph = await open(folder)
    const kinds = ({ network }: Model): string[] => network.layers.map(({ operation }) => operation.kind).sort()
    const sums = async (model: Model): Promise<number[]> => (
      [...(await model.readWeights()).values()].map(({ data }) => data.reduce((sum, value) => sum + value, 0)).sort((a, b) => a - b)
    )
    assert.deepEqual(kinds(byGraph), kinds(byLayers))
    assert.deepEqual(await sums(byGraph), await sums(byLayers))
  })
})

suite('a SavedModel that cannot be served is refused in one sentence', () => {
  const edited = (from: string, to: string): string => {
    const folder = unpacked('operations')
    const path = join(folder, 'saved_model.pb')
    const text = readFileSync(path).toString('latin1')
    assert.ok(text.includes(from))
    writeFileSync(path, Buffer.from(text.replaceAll(from, to), 'latin1'))
    return folder
  }

  test('for an operation that nobody knows, by its name', async () => {
    await assert.rejects(open(edited('\x12\x05Relu6', '\x12\x05Relu7')), (error: Error) => {
      assert.ok(error instanceof WeightsError)
      assert.match(error.message, /the layer \S*Relu6 \(Relu7\) is an operation that the service does not know$/)
      return true
    })
  })

  test('for variables that are not there', async () => {
    const folder = unpacked('operations')
    rmSync(join(folder, 'variables'), { recursive: true })
    await assert.rejects(open(folder), /the file has no values of the variable Variable\S*$/)
  })

  for (const part of ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001']) {
    test(`or served, with ${part} damaged anywhere`, async () => {
      const folder = unpacked('operations')
      const path = join(folder, part)
      const whole = readFileSync(path)
      const random = new Random(5)
      for (let round = 0; round < DAMAGES; round++) {
        const damaged = Uint8Array.from(whole)
        for (let at = 0; at < 3; at++) damaged[random.below(damaged.length)] = random.below(256)
        writeFileSync(path, round % 4 === 0 ? damaged.subarray(0, random.below(damaged.length)) : damaged)
        try {
          await (await open(folder)).readWeights()
        } catch (error) {
          if (!(error instanceof OperatorError)) throw error
        }
      }
    })
  }
})
