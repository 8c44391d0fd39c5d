import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Network } from '../../../src/model/network.js'
import { recognize } from '../../../src/sources/keras/index.js'
import type { Tensor, Weights } from '../../../src/model/weights.js'
import { realModel } from '../../support/real-model.js'
import { encodeSafetensors } from '../../../src/sources/files/safetensors-writer.js'
import { shared, withoutShared } from '../../support/shared.js'
import { tempFolder } from '../../support/temp-folder.js'
import { assertClose, floats, probabilitiesOf, withStored } from './answers.js'
import { saveTfjs } from './tfjs.js'

const folder = tempFolder()

const ARCHIVE = shared('golden/xception-thin.keras')

const weighted = ({ layers }: Network): unknown[] => layers.filter((layer) => layer.weights.length > 0).map(({ operation }) => operation)

suite('the thin network of four photos and 1000 classes', { skip: withoutShared }, () => {
  const assertGolden = async (path: string): Promise<void> => {
    assertClose(await probabilitiesOf(path, readFileSync(shared('golden/inputs.u8'))), floats(readFileSync(shared('golden/outputs.f32'))))
  }
  const original = (): Promise<{ network: Network, weights: Weights }> => withStored(ARCHIVE, async (stored) => {
    const { network, readWeights } = await recognize(stored)
    return { network, weights: await readWeights() }
  })

  /** Named as weights alone are: they tell the network by their shapes. */
  const xceptionNames = (): Promise<Weights> => withStored(
    shared('golden/xception-thin.weights.h5'), async (stored) => (await recognize(stored)).readWeights()
  )

  for (const file of ['xception-thin.weights-legacy.h5', 'xception-thin.weights.h5', 'xception-thin.keras']) {
    test(`${file} answers as Keras does`, () => assertGolden(shared(`golden/${file}`)))
  }

  test('all files give the same network', async () => {
    const { network, weights } = await original()
    for (const file of ['xception-thin.weights-legacy.h5', 'xception-thin.weights.h5']) {
      await withStored(shared(`golden/${file}`), async (stored) => {
        const recognized = await recognize(stored)
        // The file lists the pooling and the shortcut beside it in another order than the paper's walk.
        assert.deepEqual(weighted(recognized.network), weighted(network))
        assert.equal(recognized.network.layers.length, network.layers.length)
        assert.deepEqual([...(await recognized.readWeights()).values()], [...weights.values()])
      })
    }
  })

  test('as TensorFlow.js saves it', async () => {
    const { network, weights } = await original()
    await assertGolden((await saveTfjs(join(folder, 'tfjs'), network, weights)).path)
  })

  test('as safetensors with the names of describe', async () => {
    const path = join(folder, 'own-names.safetensors')
    writeFileSync(path, encodeSafetensors(await xceptionNames()))
    await assertGolden(path)
  })

  test("as safetensors with Keras's names", async () => {
    const path = join(folder, 'keras-names.safetensors')
    writeFileSync(path, encodeSafetensors(kerasNames(await xceptionNames())))
    await assertGolden(path)
  })
})

/** Calls the residual layers conv2d, conv2d_1, ... as Keras does. */
function kerasNames (weights: Weights): Weights {
  const numbers = new Map<string, string>()
  const renamed = Array.from(weights, ([name, tensor]): [string, Tensor] => {
    const block = /^(block\d+)_residual/.exec(name)?.[1]
    if (block === undefined) return [name, tensor]
    if (!numbers.has(block)) numbers.set(block, numbers.size === 0 ? '' : `_${numbers.size}`)
    const number = numbers.get(block) ?? ''
    return [name.replace(/^block\d+_residual_bn/, `batch_normalization${number}`).replace(/^block\d+_residual/, `conv2d${number}`), tensor]
  })
  return new Map(renamed)
}

test('a real transfer-learned model answers as Keras does on 18 photos', { skip: withoutShared }, async (context) => {
  const path = realModel()
  if (path === undefined) return context.skip('the real model cannot be fetched')
  const found = await probabilitiesOf(join(path, 'model.keras'), readFileSync(shared('real-model/inputs.u8')))
  const logits = floats(readFileSync(shared('real-model/logits.f32')))
  assertClose(found, Array.from({ length: 18 }, (_, row) => softmax([...logits.subarray(row * 6, row * 6 + 6)])).flat())
})

function softmax (logits: readonly number[]): number[] {
  const powers = logits.map((value) => Math.exp(value))
  const sum = powers.reduce((total, value) => total + value)
  return powers.map((value) => value / sum)
}
