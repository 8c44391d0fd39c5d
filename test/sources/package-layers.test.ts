import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { readConfig } from '../../src/config.js'
import { XCEPTION } from '../../src/model/architecture.js'
import type { Network } from '../../src/model/network.js'
import { presetNetwork } from '../../src/model/presets/index.js'
import { networkStatement } from '../../src/sources/package.js'
import { openModel } from '../../src/sources/open.js'
import { recognize } from '../../src/sources/keras/index.js'
import { encodeSafetensors } from '../../src/sources/files/safetensors-writer.js'
import { tempFolder } from '../support/temp-folder.js'
import { withStored } from './keras/answers.js'
import { familyFixtures, fixture } from './keras/fixtures.js'
import { chain } from './keras/synthetic.js'

const root = tempFolder()
let packages = 0

const SMALL = chain(8, 1,
  ['conv', { kind: 'convolution', filters: 4, groups: 1, bias: true, kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same' }],
  ['pool', { kind: 'globalAveragePooling', keepDimensions: false }],
  ['dense', { kind: 'dense', units: 2, bias: true }],
  ['softmax', { kind: 'activation', activation: { function: 'softmax' } }]
)

const RESCALING = { scale: 1 / 255, offset: 0 }

/** A package of a network without its weights' values; `changes` replaces fields of its model.json. */
function writePackage (network: Network, classes: number, changes: (json: ReturnType<typeof stated>) => object = (json) => json): string {
  packages += 1
  const folder = join(root, String(packages))
  mkdirSync(folder)
  writeFileSync(join(folder, 'model.json'), JSON.stringify(changes(stated(network, classes))))
  writeFileSync(join(folder, 'weights.safetensors'), encodeSafetensors(new Map()))
  return folder
}

function stated (network: Network, classes: number) {
  const { layers, input } = networkStatement(network)
  return {
    name: 'mine',
    version: '1',
    layers,
    input: { ...input, fit: 'fill', cropFraction: 1, kernel: 'linear' },
    labels: Array.from({ length: classes }, (_, index) => `kind ${index}`),
    weights: 'weights.safetensors'
  }
}

const opened = (folder: string): ReturnType<typeof openModel> => openModel({ ...readConfig({}), model: folder })

suite('a package that states layers is read as it was written', () => {
  for (const { file, outputs } of familyFixtures) {
    test(file, async () => {
      const { network } = await withStored(fixture(file), (stored) => recognize(stored))
      assert.deepEqual((await opened(writePackage(network, outputs[0]?.length ?? 0))).network, network)
    })
  }

  test('grey', async () => {
    const model = await opened(writePackage(SMALL, 2))
    assert.deepEqual(model.network, SMALL)
    assert.deepEqual([model.input.channels, model.input.size.value], [1, 8])
  })
})

test('a package that states a preset is its network', async () => {
  const choice = { name: 'xception', width: 0.1, size: 80, classes: 2 }
  const preset = (changes: object = {}): string => writePackage(SMALL, 2, ({ layers: _layers, input, ...json }) => (
    { ...json, input: { ...input, rescaling: RESCALING }, preset: { ...choice, ...changes } }
  ))
  assert.deepEqual((await opened(preset())).network, presetNetwork(choice, RESCALING))
  await assert.rejects(opened(preset({ name: 'exception' })), /exception/)
  await assert.rejects(opened(preset({ width: 0 })), /width/)
})

suite('a package whose layers are wrong is refused in one sentence', () => {
  type Stated = ReturnType<typeof stated>
  const withLayer = (index: number, layer: object) => (json: Stated): object => {
    return { ...json, layers: json.layers?.map((one, position) => position === index ? { ...one, ...layer } : one) }
  }
  const pad = (side: number): object => ({ kind: 'zeroPadding', top: side, bottom: side, left: side, right: side })
  const cases: Array<[name: string, changes: (json: Stated) => object, message: RegExp]> = [
    ['two networks', (json) => ({ ...json, architecture: XCEPTION }), /it states its network by either architecture, preset or layers$/],
    ['no layers', (json) => ({ ...json, layers: [] }), /model package: layers /],
    ['no side', (json) => ({ ...json, input: { ...json.input, side: undefined } }), /input\.side is missing, which layers need$/],
    ['an operation that nobody knows', withLayer(0, { operation: { kind: 'attention' } }), /layers\.0\.operation/],
    ['a number that is wrong', withLayer(2, { operation: { kind: 'dense', units: 0, bias: true } }),
      /layers\.2\.operation\.units must be >= 1$/],
    ['a layer that reads what is not there', withLayer(1, { inputs: ['nowhere'] }),
      /the layer pool \(globalAveragePooling\) reads nowhere, which is not before it$/],
    ['two layers of one name', withLayer(1, { name: 'conv' }), /the layer conv \(globalAveragePooling\) has the name of another one$/],
    ['no probabilities at the end', (json) => ({ ...json, layers: json.layers?.slice(0, -1) }),
      /the network must end in softmax or sigmoid, not in dense$/],
    ['labels that do not fit', (json) => ({ ...json, labels: ['one'] }), /it has 1 labels, and the network gives 2 classes$/],
    ['a scale of RGB', (json) => ({ ...json, input: { ...json.input, rescaling: { scale: [1, 1, 1], offset: 0 } } }),
      /input\.rescaling does not fit the 1 channels of the input$/],
    ['a feature map without end', withLayer(0, { operation: pad(9000) }),
      /the layer conv \(zeroPadding\) gives 18008x18008x1 numbers, and 268435456 are the most/]
  ]
  for (const [name, changes, message] of cases) {
    test(name, async () => {
      const folder = writePackage(SMALL, 2, changes)
      await assert.rejects(opened(folder), (error: Error) => {
        assert.match(error.message, message)
        assert.ok(error.message.includes(folder) && !error.message.includes('\n'), error.message)
        return true
      })
    })
  }
})
