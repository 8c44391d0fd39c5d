import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Random } from '../../../src/base/random.js'
import { compile } from '../../../src/compiler/index.js'
import { readConfig } from '../../../src/config.js'
import { inputSpec, type Model } from '../../../src/model/model.js'
import { inputShape } from '../../../src/model/shapes.js'
import { sizeOf } from '../../../src/model/weights.js'
import { openModel } from '../../../src/sources/open.js'
import { writePackage } from '../../../src/sources/package-writer.js'
import { loadCompiled } from '../../support/compiled-network.js'
import { decoded, LIMITS, paint, toSharp } from '../../preprocess/pictures.js'
import { tempFolder } from '../../support/temp-folder.js'
import { entry, functional, type LayerEntry } from './synthetic.js'

/*
 * A network that resizes pictures of any size is compared with the one that says their size: TensorFlow resizes there, in the graph, and
 * the decoder here.
 */

const folder = tempFolder()

const SIDES = { height: 8, width: 6 }
const FILTERS = 4
const CLASSES = 3
let files = 0

/** The path of a file whose first layers are these, in a chain: each reads `source`. */
function fileOf (shape: ReadonlyArray<number | null>, first: readonly LayerEntry[]): string {
  const chained = first.map((layer, index) => (
    JSON.parse(JSON.stringify(layer).replaceAll('"source"', JSON.stringify(first[index - 1]?.name ?? 'pixels'))) as LayerEntry
  ))
  return written(functional([
    entry('InputLayer', 'pixels', { batch_input_shape: [null, ...shape] }, []), ...chained,
    entry('Conv2D', 'conv', { filters: FILTERS, kernel_size: 1, use_bias: false }, [chained.at(-1)?.name ?? 'pixels']),
    entry('Flatten', 'flat', {}, ['conv']), entry('Dense', 'dense', { units: CLASSES, use_bias: false, activation: 'softmax' }, ['flat'])
  ]), shape.at(-1) ?? 1)
}

function written (config: unknown, channels: number): string {
  const path = join(folder, String(++files))
  mkdirSync(path)
  const random = new Random(1)
  const kernels = [
    { name: 'conv/kernel', shape: [1, 1, channels, FILTERS], dtype: 'float32' },
    { name: 'dense/kernel', shape: [SIDES.height * SIDES.width * FILTERS, CLASSES], dtype: 'float32' }
  ]
  const values = kernels.flatMap(({ shape }) => Array.from({ length: sizeOf(shape) }, () => random.uniform(-0.3, 0.3)))
  writeFileSync(join(path, 'weights.bin'), new Uint8Array(Float32Array.from(values).buffer))
  const weightsManifest = [{ paths: ['weights.bin'], weights: kernels }]
  writeFileSync(join(path, 'model.json'), JSON.stringify({
    format: 'layers-model', modelTopology: { keras_version: '2.15.0', model_config: config }, weightsManifest
  }))
  return path
}

async function opened (path: string, settings: Readonly<Record<string, string>> = {}): Promise<Model> {
  return await openModel({ ...readConfig(settings), model: path })
}

const picture = (width: number, height: number): Promise<Buffer> => (
  toSharp(paint(width, height, (x, y) => [(x * 37 + y * 11) % 256, (x * x * 5 + y * 29) % 256, (x * y * 13 + 7) % 256])).png().toBuffer()
)

/** What a model gives for an upload, by the way that the service takes, and whether the network got floats. */
async function answerOf (
  { network, input, readWeights }: Model, upload: Buffer
): Promise<{ floats: boolean, probabilities: Float32Array }> {
  const pixels = await decoded(upload, inputSpec(input), LIMITS)
  const compiled = await loadCompiled(
    compile({ network, weights: await readWeights(), precision: 'float32', ownKernels: false }), inputShape(network.input)
  )
  const floats = pixels instanceof Float32Array
  const { probabilities } = compiled.run(floats ? { values: [pixels] } : { images: [pixels] })
  compiled.dispose()
  return { floats, probabilities: probabilities?.data ?? new Float32Array() }
}

const resizing = (config: Record<string, unknown> = {}): LayerEntry => entry('Resizing', 'resizing', { ...SIDES, ...config }, ['source'])
const rescaling = (name: string, scale: number, offset: number): LayerEntry => entry('Rescaling', name, { scale, offset }, ['source'])
const TURNED: LayerEntry = {
  ...entry('SlicingOpLambda', 'turned', { function: '__operators__.getitem' }, []),
  inbound_nodes: [['source', 0, 0, { slice_spec: [{ class_name: '__ellipsis__' }, { step: -1 }] }]]
}
const BEFORE = rescaling('before', 1 / 255, 0.25)
const BEHIND = rescaling('behind', 0.5, -0.5)

suite('pictures of any size that the network resizes are decoded to that size, in float32', () => {
  const cases: Array<[name: string, layers: LayerEntry[], channels?: 1 | 3]> = [
    ['bilinear, rescaled behind', [resizing(), BEFORE]],
    ['bilinear, rescaled before and behind, with augmentation', [BEFORE, entry('RandomFlip', 'flip', {}, ['source']), resizing(), BEHIND]],
    ['nearest', [resizing({ interpolation: 'nearest' }), BEFORE]],
    ['the middle, where it keeps the ratio of the sides', [resizing({ crop_to_aspect_ratio: true }), BEFORE]],
    ['grey', [resizing(), BEFORE], 1],
    ['blue first', [resizing(), TURNED, rescaling('behind', 1 / 255, -0.25)]]
  ]
  for (const [name, layers, channels = 3] of cases) {
    test(name, async () => {
      const any = await opened(fileOf([null, null, channels], layers))
      assert.deepEqual(inputShape(any.network.input), [SIDES.height, SIDES.width, channels])
      assert.deepEqual(any.network.layers.filter(({ operation: { kind } }) => kind === 'resizing'), [])
      for (const [width, height] of [[13, 9], [5, 20], [3, 4], [SIDES.width, SIDES.height]] as const) {
        const upload = await picture(width, height)
        const { floats, probabilities } = await answerOf(any, upload)
        const expected = await answerOf(await opened(fileOf([height, width, channels], layers)), upload)
        assert.deepEqual([floats, expected.floats], [true, false])
        assert.ok(Math.max(...expected.probabilities) < 0.999, `${width}x${height} leaves a doubt`)
        const difference = Math.max(...expected.probabilities.map((value, index) => Math.abs(value - (probabilities[index] ?? NaN))))
        assert.ok(difference < 2e-6, `${width}x${height}: ${difference}`)
      }
    })
  }

  test('a package of it is decoded the same way', async () => {
    const { name, version, network, input, labels, readWeights } = await opened(fileOf([null, null, 3], [resizing(), BEFORE]))
    const path = join(folder, 'package')
    const weights = await readWeights()
    await writePackage(path, { name, version, network, input: inputSpec(input), labels: labels.map(({ label }) => label), weights })
    assert.deepEqual(inputSpec((await opened(path)).input), inputSpec(input))
  })
})

suite('settings about it', () => {
  const path = fileOf([null, null, 3], [resizing(), BEFORE])

  test('FIT is followed, and so is KERNEL, with bytes where it is another one', async () => {
    const { kernel, fit, rescaling } = inputSpec((await opened(path, { KERNEL: 'bilinear', FIT: 'crop' })).input)
    assert.deepEqual([kernel, fit, rescaling], ['bilinear', 'crop', { scale: 1 / 255, offset: 0.25 }])
    const other = inputSpec((await opened(path, { KERNEL: 'cubic' })).input)
    assert.deepEqual(other, { size: 8, width: 6, channels: 3, fit: 'fill', cropFraction: 0.875, kernel: 'cubic' })
  })

  test('INPUT_SIZE leaves resizing to the network', async () => {
    const { network, input } = await opened(path, { INPUT_SIZE: '16' })
    assert.deepEqual(inputSpec(input), { size: 16, channels: 3, fit: 'fill', cropFraction: 0.875, kernel: 'linear' })
    assert.equal(network.layers[1]?.operation.kind, 'resizing')
  })
})

test('what the decoder cannot do is refused by name, or left to the network', async () => {
  await assert.rejects(opened(fileOf([null, null, 3], [resizing({ pad_to_aspect_ratio: true })])), /resizing.* pads pictures of any size/)
  await assert.rejects(opened(fileOf([null, null, 3], [resizing({ interpolation: 'bicubic' })])), /resizing.* resizes by "bicubic"/)
  const { network } = await opened(written(functional([
    entry('InputLayer', 'pixels', { batch_input_shape: [null, null, null, 3] }, []),
    ...['one', 'other'].map((name) => entry('Resizing', name, SIDES, ['pixels'])), entry('Add', 'sum', {}, ['one', 'other']),
    entry('Conv2D', 'conv', { filters: FILTERS, kernel_size: 1, use_bias: false }, ['sum']), entry('Flatten', 'flat', {}, ['conv']),
    entry('Dense', 'dense', { units: CLASSES, use_bias: false, activation: 'softmax' }, ['flat'])
  ]), 3))
  assert.deepEqual(inputShape(network.input), [299, 299, 3])
})
