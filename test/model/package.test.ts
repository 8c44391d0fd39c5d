import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { readConfig } from '../../src/config.js'
import { compile } from '../../src/model/graph/index.js'
import { openModel } from '../../src/model/open.js'
import type { Weights } from '../../src/model/weights/tensor.js'

const BUNDLED = new URL('../../../models/xception-cifar10', import.meta.url)
const config = readConfig({})

/** A copy of the bundled package with its model.json changed. */
function changedPackage (t: TestContext, change: (text: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'xception-package-'))
  t.after(() => { rmSync(folder, { recursive: true }) })
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
    ['half of it', (text) => text.slice(0, 100), /model\.json: .*JSON/],
    ['no name', json((model) => { delete model.name }), /model\.json: model package .*name/],
    ['no filters', json((model) => { model.architecture.entryFilters[0] = 0 }), /architecture\.entryFilters\.0/],
    ['an unknown activation', json((model) => { Object.assign(model.architecture.head[1] ?? {}, { activation: 'swish' }) }), /architecture\.head\.1\.activation must be linear or relu/],
    ['labels that do not fit', json((model) => { model.labels.pop() }), /it has 9 labels, and the network gives 10 classes/],
    ['a head without probabilities', json((model) => { Object.assign(model.architecture.head[1] ?? {}, { activation: 'relu' }) }), /head must end in softmax or sigmoid, not in relu/],
    ['a head without pooling', json((model) => { model.architecture.head.shift() }), /predictions takes a vector, so the head needs a pooling or a flatten layer/],
    ['sums that do not fit', json((model) => { model.architecture.middle.filters = 7 }), /middle\.filters must equal the last of entryFilters \(192\)/],
    ['weights outside the package', json((model) => { model.weights = '../weights.safetensors' }), /weights .*\.\.\/weights\.safetensors/],
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

suite('weights that do not fit the network are refused in one sentence that names the weight', () => {
  const compiled = async (change: (weights: Map<string, { shape: readonly number[], data: Float32Array }>) => void): Promise<Uint8Array> => {
    const model = await openModel(config)
    const weights = new Map(await model.readWeights())
    change(weights)
    return compile({ architecture: model.architecture, rescaling: model.input.rescaling.value, weights: weights as Weights, precision: 'float32' })
  }

  test('a missing one', async () => {
    await assert.rejects(compiled((weights) => { weights.delete('block2_sepconv1_bn/gamma') }), { name: 'WeightsError', message: 'the weight block2_sepconv1_bn/gamma is missing' })
  })

  test('another shape', async () => {
    await assert.rejects(compiled((weights) => { weights.set('predictions/kernel', { shape: [512, 9], data: new Float32Array(512 * 9) }) }), {
      name: 'WeightsError', message: 'the weight predictions/kernel has shape [512, 9], and [512, 10] is needed'
    })
  })
})

suite('LABELS', () => {
  const labelsFile = (t: TestContext, text: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'xception-labels-'))
    t.after(() => { rmSync(folder, { recursive: true }) })
    writeFileSync(join(folder, 'names'), text)
    return join(folder, 'names')
  }
  const ten = Array.from({ length: 10 }, (_, index) => `kind ${index}`)

  test('one a line, with the line ends of any system', async (t) => {
    const { labels } = await openModel({ ...config, labels: labelsFile(t, `\uFEFF${ten.join('\r\n')}\r\n`) })
    assert.deepEqual(labels.map(({ label }) => label), ten)
  })

  test('a JSON array of names, or of names with ids', async (t) => {
    const { labels } = await openModel({ ...config, labels: labelsFile(t, JSON.stringify([...ten.slice(1), { label: 'last', wordnetId: 'n1' }])) })
    assert.deepEqual(labels.at(-1), { label: 'last', wordnetId: 'n1' })
  })

  for (const [name, text, said] of [
    ['another number', 'one\ntwo', /has 2 labels, and the model gives 10 classes/],
    ['broken JSON', '["one"', /names: .*JSON/],
    ['other JSON', '[1]', /names: labels/]
  ] as const) {
    test(`${name} is refused`, async (t) => {
      await assert.rejects(openModel({ ...config, labels: labelsFile(t, text) }), said)
    })
  }
})
