import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { recognize } from '../../../src/sources/keras/index.js'
import { assertClose, runNetwork, withStored } from './answers.js'
import { expectedOf, familyFixtures, fixture, fixtures, pixelsOf } from './fixtures.js'
import { MINUS_ONE_TO_ONE } from './synthetic.js'

for (const entry of [...fixtures, ...familyFixtures]) {
  const { file, inputSize, note, scale } = entry
  test(`${file} answers as Keras does: ${note}`, async () => {
    const { network, rescaling, inputSizeFromFile, weights } = await withStored(fixture(file), async (stored) => {
      const recognized = await recognize(stored, sizeHint(file, inputSize))
      return { ...recognized, weights: await recognized.readWeights() }
    })
    assertClose(await runNetwork(network, weights, pixelsOf(entry)), expectedOf(entry))
    assert.equal(rescaling === undefined, scale === '-1..1', 'a file without scaling layers leaves scaling to the setting')
    assert.equal(inputSizeFromFile, sizeHint(file, inputSize).inputSize === undefined)
    assert.deepEqual([network.input.side, network.input.channels], [inputSize, entry.channels ?? 3])
  })
}

suite('the fixtures prove something', () => {
  for (const { file, outputs } of familyFixtures) {
    test(`${file} tells its pictures apart`, () => {
      const largest = outputs.flatMap(
        (row, index) => row.map((value, unit) => Math.abs(value - (outputs[(index + 1) % outputs.length]?.[unit] ?? value)))
      )
      assert.ok(Math.max(...largest) > 0.05)
    })
  }
})

/** Weights alone do not tell the size, and one model takes any. */
function sizeHint (file: string, inputSize: number): { inputSize?: number } {
  return /weights|any-size/.test(file) ? { inputSize } : {}
}

test('the scaling of preprocess_input is found as it is', async () => {
  const { rescaling } = await withStored(fixture('keras2-functional-preprocess.h5'), (stored) => recognize(stored))
  assert.deepEqual(rescaling, MINUS_ONE_TO_ONE)
})
