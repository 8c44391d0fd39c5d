import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { packagePath } from '../../../src/base/package-root.js'
import { compile } from '../../../src/compiler/index.js'
import { readConfig } from '../../../src/config.js'
import { openModel } from '../../../src/sources/open.js'
import { loadCompiled } from '../../support/compiled-network.js'

/* Thin variants of PyTorch's Xceptions (scripts/torch-fixtures/networks.py) answer what PyTorch answered, in float32. */

const FOLDER = packagePath('test/fixtures/torch/networks')
const SIDE = 80
const EXPECTED = JSON.parse(readFileSync(`${FOLDER}/expected.json`, 'utf8')) as Readonly<Record<string, ReadonlyArray<readonly number[]>>>
const pictures = readFileSync(packagePath(`test/fixtures/keras/pictures-${SIDE}.u8`))
const images = Array.from({ length: pictures.length / (SIDE * SIDE * 3) }, (_, index) => (
  new Uint8Array(pictures.subarray(index * SIDE * SIDE * 3, (index + 1) * SIDE * SIDE * 3))
))

for (const [name, stated] of Object.entries(EXPECTED)) {
  // One logit decides between two classes.
  const expected = stated.map((row) => row.length === 1 ? [1 - (row[0] ?? NaN), row[0] ?? NaN] : row)
  for (const ownKernels of [false, true]) {
    test(`${name}: PyTorch's probabilities, by ${ownKernels ? 'kernels of our own' : "TensorFlow's operations"}`, async (t) => {
      const { model, probabilities } = await answers(t, name, ownKernels)
      assert.equal(model.input.size.value, SIDE)
      for (const [index, row] of expected.entries()) {
        const found = probabilities.slice(index * row.length, (index + 1) * row.length)
        const difference = Math.max(...row.map((value, at) => Math.abs((found[at] ?? NaN) - value)))
        assert.ok(difference < 1e-5, `${difference}: ${found.join()} for ${row.join()}`)
      }
    })
  }
}

async function answers (t: TestContext, name: string, ownKernels: boolean) {
  const model = await openModel(readConfig({ MODEL: `${FOLDER}/${name}.pth`, INPUT_SIZE: String(SIDE) }))
  const { network } = model
  const weights = await model.readWeights()
  const compiled = await loadCompiled(compile({ network, weights, precision: 'float32', ownKernels }), [SIDE, 3])
  t.after(() => { compiled.dispose() })
  const { probabilities } = compiled.run({ images })
  return { model, probabilities: [...probabilities?.data ?? []] }
}
