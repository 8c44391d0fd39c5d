import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { OperatorError } from '../../src/base/errors.js'
import { readConfig } from '../../src/config.js'
import { openModel } from '../../src/sources/open.js'
import { shared, withoutShared } from '../support/shared.js'
import { fixture } from './keras/fixtures.js'

const ARCHIVE = shared('golden/xception-thin.weights-legacy.h5')

test('a file is read once for its hash, and the ImageNet weights by their path keep labels and crop', {
  skip: withoutShared
}, async (t) => {
  const imagenetSha256 = createHash('sha256').update(fs.readFileSync(ARCHIVE)).digest('hex')
  const stream = t.mock.method(fs, 'createReadStream')
  syncBuiltinESMExports()
  t.after(() => { t.mock.restoreAll(); syncBuiltinESMExports() })
  const model = await openModel({ ...readConfig({}), model: ARCHIVE, imagenetSha256: imagenetSha256.toUpperCase() })
  assert.equal(await model.hashWeights(), imagenetSha256)
  assert.deepEqual(stream.mock.calls.map((call) => call.arguments[0]), [ARCHIVE])
  assert.deepEqual([model.name, model.input.fit.value, model.labels[281]?.wordnetId], ['xception-thin.weights-legacy', 'crop', 'n02123045'])
  assert.deepEqual(model.warnings, [], 'how its pixels are scaled is known')
})

test('another file has neither', async () => {
  const model = await openModel({ ...readConfig({}), model: fixture('keras3-plain.weights.h5'), inputSize: 71 })
  assert.deepEqual([model.input.fit.value, model.labels[0]?.label], ['fill', 'class 0'])
})

test('a file that does not say its scale starts with a warning, and not where SCALE is set', async () => {
  const warnings = async (file: string, scale: 'auto' | 'caffe' = 'auto'): Promise<string> => {
    return (await openModel({ ...readConfig({}), model: fixture(file), scale })).warnings.join()
  }
  for (const file of ['keras2-resnet50v2.h5', 'keras2-plain.weights-legacy.h5']) {
    assert.match(await warnings(file), new RegExp(`${file} does not say how pixels become its input, .* name another way with SCALE$`))
  }
  for (const text of [await warnings('keras2-resnet50v2.h5', 'caffe'), await warnings('keras3-efficientnetb0.h5')]) {
    assert.doesNotMatch(text, /SCALE/)
  }
})

test('what is told of a model is a sentence for the operator, and a defect stays one', async (t) => {
  const open = async (model: string): Promise<unknown> => await openModel({ ...readConfig({}), model })
  for (const model of ['nowhere', 'preset:nothing', 'preset:xception?size=1', fixture('answers.json')]) {
    await assert.rejects(open(model), (error) => error instanceof OperatorError, model)
  }
  const defect = new Error('of a plain class, and no statement all the same')
  t.mock.method(fs.promises, 'stat', async () => { throw defect })
  syncBuiltinESMExports()
  t.after(() => { t.mock.restoreAll(); syncBuiltinESMExports() })
  await assert.rejects(open(ARCHIVE), (error) => error === defect)
})
