import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { readConfig } from '../../src/config.js'
import { compile, type SavedModel } from '../../src/compiler/index.js'
import { openModel } from '../../src/sources/open.js'
import type { Tensor } from '../../src/model/weights.js'
import { tempFolder } from '../support/temp-folder.js'

const BUNDLED = new URL('../../../models/xception-cifar10', import.meta.url)
const config = readConfig({})

/** A copy of the bundled package with its model.json changed. */
function changedPackage (t: TestContext, change: (text: string) => string): string {
  const folder = tempFolder(t)
  cpSync(BUNDLED, folder, { recursive: true })
  const path = join(folder, 'model.json')
  writeFileSync(path, change(readFileSync(path, 'utf8')))
  return folder
}

const json = (change: (model: ModelJson) => void) => (text: string): string => {
  const model = JSON.parse(text) as ModelJson
  change(model)
  return JSON.stringify(model)
}

interface ModelJson {
  name?: string
  weights: string
  labels: string[]
  architecture: {
    inputSize: number
    entryFilters: number[]
    middle: { filters: number }
    head: Array<{ type: string, activation?: string, units?: number }>
  }
}

suite('a model.json that is wrong is refused in one sentence that names the file and the field', () => {
  const cases: Array<[name: string, change: (text: string) => string, said: RegExp]> = [
    ['half of it', (text) => text.slice(0, 100), /model\.json is damaged JSON/],
    ['no name', json((model) => { delete model.name }), /model\.json: model package .*name/],
    ['no stem', json((model) => { Reflect.deleteProperty(model.architecture, 'stem') }), /model\.json: model package: architecture .*stem/],
    [
      'a number where another thing is needed',
      json((model) => { Object.assign(model.architecture, { residual: 1 }) }),
      /architecture\.residual must be boolean/
    ],
    [
      'an image too small for a valid stem',
      json((model) => {
        Object.assign(model.architecture, { inputSize: 4, stem: { filters: [32, 48], strides: [1, 1], padding: 'valid' } })
      }),
      /the layer block1_conv2 \(convolution\) has no pixel left of 2x2/
    ],
    ['no filters', json((model) => { model.architecture.entryFilters[0] = 0 }), /architecture\.entryFilters\.0/],
    [
      'an unknown activation',
      json((model) => { Object.assign(model.architecture.head[1] ?? {}, { activation: 'swish' }) }),
      /architecture\.head\.1\.activation must be linear or relu/
    ],
    ['labels that do not fit', json((model) => { model.labels.pop() }), /it has 9 labels, and the network gives 10 classes/],
    [
      'a head without probabilities',
      json((model) => { Object.assign(model.architecture.head[1] ?? {}, { activation: 'relu' }) }),
      /head must end in softmax or sigmoid, not in relu/
    ],
    [
      'a head without pooling',
      json((model) => { model.architecture.head.shift() }),
      /the layer predictions \(dense\) reads a feature map of 4x4x512, and a vector is needed/
    ],
    [
      'a softmax over one unit',
      json((model) => { Object.assign(model.architecture.head[1] ?? {}, { units: 1 }) }),
      /ends in a softmax over one unit/
    ],
    [
      'two layers of one name',
      json((model) => { model.architecture.head.push({ type: 'dense', ...model.architecture.head[1] }) }),
      /the layer predictions \(dense\) has the name of another one/
    ],
    [
      'sums that do not fit',
      json((model) => { model.architecture.middle.filters = 7 }),
      /middle\.filters must equal the last of entryFilters \(192\)/
    ],
    ['weights outside the package', json((model) => { model.weights = '../weights.safetensors' }), /weights .*\.\.\/weights\.safetensors/],
    [
      'weights by an absolute path',
      json((model) => { model.weights = '/var/weights.safetensors' }),
      /weights .*\/var\/weights\.safetensors/
    ],
    ['weights that are not there', json((model) => { model.weights = 'other.safetensors' }), /other\.safetensors/]
  ]
  for (const [name, change, said] of cases) {
    test(name, async (t) => {
      const folder = changedPackage(t, change)
      await assert.rejects(openModel({ ...config, model: folder }), (error: Error) => {
        assert.match(error.message, said)
        assert.ok(error.message.includes(folder) && !error.message.includes('\n'), error.message)
        return true
      })
    })
  }
})

const zeros = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((product, length) => product * length, 1)) })

suite('weights that do not fit the network are refused in one sentence that names the weight', () => {
  const compiled = async (change: (weights: Map<string, Tensor>) => void): Promise<SavedModel> => {
    const model = await openModel(config)
    const weights = new Map(await model.readWeights())
    change(weights)
    return compile({ network: model.network, weights, precision: 'float32', ownKernels: false })
  }

  const cases: Array<[name: string, change: Parameters<typeof compiled>[0], message: string]> = [
    [
      'a missing one',
      (weights) => { weights.delete('block2_sepconv1_bn/gamma') },
      'the weight block2_sepconv1_bn/gamma is missing, expected with shape [96]'
    ],
    [
      'another shape',
      (weights) => { weights.set('predictions/kernel', zeros(512, 9)) },
      'the weight predictions/kernel has shape [512, 9], expected [512, 10]'
    ],
    [
      'the same size in another shape',
      (weights) => { weights.set('predictions/kernel', zeros(10, 512)) },
      'the weight predictions/kernel has shape [10, 512], expected [512, 10]'
    ],
    [
      'one too many',
      (weights) => { weights.set('block9_sepconv9_bn/gamma', zeros(12)) },
      'the weight block9_sepconv9_bn/gamma with shape [12] belongs to no layer of the architecture'
    ],
    [
      'several',
      (weights) => {
        weights.delete('predictions/kernel')
        weights.delete('predictions/bias')
        weights.set('classifier/kernel', zeros(512, 10))
      },
      'the weight predictions/kernel is missing, expected with shape [512, 10] (and 2 more of the weights do not fit the architecture)'
    ]
  ]
  for (const [name, change, message] of cases) {
    test(name, async () => { await assert.rejects(compiled(change), { name: 'WeightsError', message }) })
  }
})

suite('LABELS', () => {
  const labelsFile = (t: TestContext, text: string): string => {
    const folder = tempFolder(t)
    writeFileSync(join(folder, 'names'), text)
    return join(folder, 'names')
  }
  const ten = Array.from({ length: 10 }, (_, index) => `kind ${index}`)

  test('one a line, with the line ends of any system', async (t) => {
    const { labels } = await openModel({ ...config, labels: labelsFile(t, `\uFEFF${ten.join('\r\n')}\r\n`) })
    assert.deepEqual(labels.map(({ label }) => label), ten)
  })

  test('a JSON array of names, or of names with ids', async (t) => {
    const names = JSON.stringify([...ten.slice(1), { label: 'last', wordnetId: 'n1' }])
    const { labels } = await openModel({ ...config, labels: labelsFile(t, names) })
    assert.deepEqual(labels.at(-1), { label: 'last', wordnetId: 'n1' })
  })

  for (const [name, text, said] of [
    ['another number', 'one\ntwo', /has 2 labels, and the model gives 10 classes/],
    ['broken JSON', '["one"', /names cannot be read as labels: .*JSON/],
    ['other JSON', '[[1]]', /names cannot be read as labels: it holds \[1\], which is no label/]
  ] as const) {
    test(`${name} is refused`, async (t) => {
      await assert.rejects(openModel({ ...config, labels: labelsFile(t, text) }), said)
    })
  }
})
