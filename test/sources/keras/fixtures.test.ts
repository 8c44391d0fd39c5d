import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { recognize } from '../../../src/sources/keras/index.js'
import { assertClose, probabilitiesOf, withStored } from './answers.js'
import { fixture, fixtures } from './fixtures.js'
import { MINUS_ONE_TO_ONE } from './synthetic.js'

for (const { file, inputs, inputSize, note, scale, outputs } of fixtures.filter((entry) => !entry.file.includes('unsupported'))) {
  test(`${file} answers as Keras does: ${note}`, async () => {
    // One unit becomes two labels, the second of which is the unit's.
    const expected = outputs.flatMap((row) => row.length === 1 ? row.flatMap((value) => [1 - value, value]) : row)
    assertClose(await probabilitiesOf(fixture(file), readFileSync(fixture(inputs)), sizeHint(file, inputSize)), expected)
    const { rescaling, inputSizeFromFile } = await withStored(fixture(file), (stored) => recognize(stored))
    assert.equal(rescaling === undefined, scale === '-1..1', 'a file without scaling layers leaves scaling to the setting')
    assert.equal(inputSizeFromFile, sizeHint(file, inputSize).inputSize === undefined)
  })
}

/** Weights alone do not tell the size, and one model takes any. */
function sizeHint (file: string, inputSize: number): { inputSize?: number } {
  return /weights|any-size/.test(file) ? { inputSize } : {}
}

test('the scaling of preprocess_input is found as it is', async () => {
  const { rescaling } = await withStored(fixture('keras2-functional-preprocess.h5'), (stored) => recognize(stored))
  assert.deepEqual(rescaling, MINUS_ONE_TO_ONE)
})

test('a layer that is not supported is named', async () => {
  await withStored(fixture('keras3-unsupported.keras'), async (stored) => {
    await assert.rejects(recognize(stored), { name: 'WeightsError', message: /^the layer head_norm \(LayerNormalization\) is not supported: the service knows Conv2D, .* Softmax$/ })
  })
})
