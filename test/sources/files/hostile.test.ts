import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { packagePath } from '../../../src/base/package-root.js'
import { Random } from '../../../src/base/random.js'
import { assertSentence, dataset, fillKeras3, newPath, readAll, writeFile, writeHdf5, zip } from './support.js'

const TRUNCATIONS = 8
const DAMAGES = 16
/** A file of some kilobytes must not cost more, whatever it claims: 100 MB are Node and the HDF5 library. */
const MAX_RESIDENT_BYTES = 400e6

after(() => {
  const peak = process.resourceUsage().maxRSS * 1024
  assert.ok(peak < MAX_RESIDENT_BYTES, `${peak} bytes resident`)
})

const keras3 = await writeHdf5('model.weights.h5', fillKeras3)
const legacy = await writeHdf5('model.h5', (file) => {
  file.create_attribute('model_config', '{"class_name": "Sequential", "config": {}}')
  const root = file.create_group('model_weights')
  root.create_attribute('layer_names', ['conv', 'dense'])
  for (const layer of ['conv', 'dense']) {
    const group = root.create_group(layer)
    group.create_attribute('weight_names', ['kernel:0', 'bias:0'])
    dataset(group, 'kernel:0', [2, 2], [1, 2, 3, 4])
    group.create_dataset({ name: 'bias:0', data: Float32Array.of(1, 2, 3, 4), shape: [4], chunks: [2], compression: 'gzip' })
  }
})
const archive = writeFile('model.keras', zip([
  { name: 'config.json', content: Buffer.from('{"class_name": "Sequential", "config": {}}'), deflated: true },
  { name: 'metadata.json', content: Buffer.from('{"keras_version": "3.15.1"}') },
  { name: 'model.weights.h5', content: readFileSync(keras3), deflated: true }
]))
const safetensorsHeader = JSON.stringify({
  'conv/kernel': { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
  'conv/bias': { dtype: 'F16', shape: [2], data_offsets: [16, 20] }
})
const safetensors = writeFile('model.safetensors', Buffer.concat([
  Buffer.from([safetensorsHeader.length, 0, 0, 0, 0, 0, 0, 0]),
  Buffer.from(safetensorsHeader),
  Buffer.alloc(20)
]))
const tfjs = writeFile('model.json', JSON.stringify({
  format: 'layers-model',
  modelTopology: { class_name: 'Sequential', config: {} },
  weightsManifest: [{
    paths: ['shard'],
    weights: [{ name: 'dense/kernel', shape: [4], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.1, min: -1 } }]
  }]
}))

const torch = (name: string): string => packagePath(`test/fixtures/torch/containers/${name}.pth`)
const [torchZip, torchStream] = [torch('checkpoint.zip'), torch('weights.stream')]

for (const [kind, path] of Object.entries({ keras3, legacy, archive, safetensors, tfjs, torchZip, torchStream })) {
  const whole = readFileSync(path)
  // Each in a folder of its own, with the shard that only model.json needs.
  const variant = (content: Uint8Array): string => {
    const folder = newPath(kind)
    mkdirSync(folder)
    copyFileSync(writeFile('shard', Buffer.alloc(4)), join(folder, 'shard'))
    copyFileSync(writeFile('variant', content), join(folder, 'model.json'))
    return join(folder, 'model.json')
  }

  test(`${kind}: whole, it can be read`, async () => {
    assert.ok((await readAll(variant(whole))).weights.length > 0)
  })

  for (let part = 0; part < TRUNCATIONS; part += 1) {
    const length = Math.floor(whole.length * part / TRUNCATIONS) + (part === 0 ? 5 : -1)
    test(`${kind}: cut off after ${length} of ${whole.length} bytes, one sentence`, async () => {
      const cut = variant(whole)
      truncateSync(cut, length)
      await assert.rejects(readAll(cut), (error) => assertSentence(error, cut, /./))
    })
  }

  for (let seed = 1; seed <= DAMAGES; seed += 1) {
    test(`${kind}: damaged at random (${seed}), it is read or refused in one sentence`, async () => {
      const random = new Random(seed)
      const damaged = Buffer.from(whole)
      // Most of a small HDF5 file is empty space, which nobody reads.
      const occupied = [...damaged.keys()].filter((index) => damaged[index] !== 0)
      for (let hit = 0; hit < 1 + seed % 4; hit += 1) damaged[occupied[random.below(occupied.length)] ?? 0] = random.below(256)
      const path = variant(damaged)
      await readAll(path).then(
        ({ weights }) => { for (const [name, values] of weights) assert.ok(values.length < 1000, name) },
        (error: unknown) => assertSentence(error, path, /./)
      )
    })
  }
}
