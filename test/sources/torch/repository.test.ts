import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packagePath } from '../../../src/base/package-root.js'
import { readConfig } from '../../../src/config.js'
import type { Model } from '../../../src/model/model.js'
import { openModel } from '../../../src/sources/open.js'
import { tempFolder } from '../../support/temp-folder.js'

const PICTURES = {
  input_size: [3, 96, 96],
  interpolation: 'bilinear',
  crop_pct: 0.9,
  crop_mode: 'center',
  mean: [0.5, 0.4, 0.3],
  std: [0.5, 0.25, 0.2]
}

/** A repository as timm pushes it to a hub. */
async function open (pictures: object, settings: Readonly<Record<string, string>> = {}): Promise<Model> {
  const folder = tempFolder()
  copyFileSync(packagePath('test/fixtures/torch/networks/xception41p.pth'), join(folder, 'pytorch_model.bin'))
  const config = { architecture: 'xception41p', num_classes: 5, pretrained_cfg: pictures, label_names: ['a', 'b', 'c', 'd', 'e'] }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  return await openModel(readConfig({ MODEL: folder, ...settings }))
}

test("timm's config.json says size, crop, kernel, mean, deviation and labels", async () => {
  const { input, labels } = await open(PICTURES, { INPUT_SIZE: '64' })
  assert.deepEqual([input.size.value, input.fit.value, input.kernel.value], [96, 'crop', 'linear'])
  // timm takes the whole part of 96 / 0.9, where the nearest number is another one.
  assert.equal(Math.round(96 / input.cropFraction), 106)
  const { scale, offset } = input.rescaling.value
  assert.deepEqual([scale, offset], [[1 / 255 / 0.5, 1 / 255 / 0.25, 1 / 255 / 0.2], [-1, -1.6, -0.3 / 0.2]])
  assert.deepEqual(labels.map(({ label }) => label), ['a', 'b', 'c', 'd', 'e'])
})

test('squashing to the whole is fill, and what is not supported is refused by its name', async () => {
  assert.equal((await open({ ...PICTURES, crop_mode: 'squash', crop_pct: 1 })).input.fit.value, 'fill')
  await assert.rejects(open({ ...PICTURES, crop_mode: 'border' }), /config\.json says crop_mode border, and center is supported/)
  await assert.rejects(open({ ...PICTURES, interpolation: 'box' }), /config\.json says interpolation box/)
})
