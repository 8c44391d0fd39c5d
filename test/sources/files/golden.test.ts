import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { shared, withoutShared } from '../../support/shared.js'
import { readAll, type ReadModel } from './support.js'

const legacy = shared('golden/xception-thin.weights-legacy.h5')
const keras3 = shared('golden/xception-thin.weights.h5')
const archive = shared('golden/xception-thin.keras')

/** The values by layer, in the file's order. */
function byLayer ({ weights }: ReadModel): Map<string, ReadonlyArray<readonly number[]>> {
  const layers = new Map<string, ReadonlyArray<readonly number[]>>()
  for (const [name, values] of weights) {
    const layer = name.slice(0, name.indexOf(':'))
    layers.set(layer, [...layers.get(layer) ?? [], values])
  }
  return layers
}

test('golden legacy weights: every layer in order, with its weights', { skip: withoutShared }, async () => {
  const { layerOrder } = JSON.parse(readFileSync(shared('golden/golden.json'), 'utf8')) as { layerOrder: string[] }
  const model = await readAll(legacy)
  const { kind, kerasVersion, weights } = model
  assert.equal(kind, 'hdf5-weights')
  assert.equal(kerasVersion, '3.15.1')
  // The numbers of layers without a name of their own count on through a session of Keras.
  const unnumbered = (name: string): string => name.replace(/^(conv2d|batch_normalization)_\d+$/, '$1')
  assert.deepEqual([...byLayer(model).keys()].map(unnumbered), layerOrder.map(unnumbered))
  assert.equal(weights.length, 236)
  assert.match(weights[0]?.[0] ?? '', /^block1_conv1: .*kernel.* \[3, 3, 3, \d+\]$/)
})

test('golden weights: the same in all three formats', { skip: withoutShared }, async () => {
  const inLegacy = byLayer(await readAll(legacy))
  const inKeras3 = await readAll(keras3)
  const inArchive = await readAll(archive)
  assert.equal(inKeras3.kind, 'keras3-weights')
  assert.equal(inArchive.kind, 'keras-archive')
  assert.equal(inArchive.kerasVersion, '3.15.1')
  assert.equal((inArchive.config as { class_name: string }).class_name, 'Functional')
  assert.deepEqual(inArchive.weights, inKeras3.weights)
  // Keras 3 numbers the layers of each class in the model's order.
  const classes: Array<[className: RegExp, legacyName: RegExp, count: number]> = [
    [/^separable_conv2d/, /_sepconv\d+$/, 34],
    [/^conv2d/, /^block1_conv\d$|^conv2d/, 6],
    [/^batch_normalization/, /_bn$|^batch_normalization/, 40],
    [/^dense$/, /^predictions$/, 1]
  ]
  for (const [className, legacyName, count] of classes) {
    const found = [...byLayer(inKeras3)].filter(([name]) => className.test(name)).map(([, values]) => values)
    assert.equal(found.length, count)
    // The order differs where branches meet; the set of layers does not.
    const expected = [...inLegacy].filter(([name]) => legacyName.test(name)).map(([, values]) => String(values))
    assert.deepEqual(new Set(found.map(String)), new Set(expected))
  }
})
