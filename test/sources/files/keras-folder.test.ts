import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { filesOf, readStoredModel, type StoredModel } from '../../../src/sources/files/index.js'
import { fillKeras3, newPath, writeHdf5 } from './support.js'

const weights = readFileSync(await writeHdf5('model.weights.h5', fillKeras3))
const CONFIG = { class_name: 'Sequential', config: { layers: [] }, keras_version: '2.15.0', compile_config: { loss: 'mse' } }

function folder (files: Readonly<Record<string, string>>, weightsName = 'model.weights.h5'): string {
  const path = newPath('model')
  mkdirSync(path)
  writeFileSync(join(path, weightsName), weights)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

async function opened (path: string): Promise<StoredModel> {
  const stored = await readStoredModel(path)
  await stored.close()
  return stored
}

suite('an unpacked .keras archive', () => {
  test('is read as the archive is', async () => {
    const path = folder({ 'config.json': JSON.stringify(CONFIG), 'metadata.json': '{"keras_version": "3.15.1"}' })
    const { kind, config, training, kerasVersion, layers } = await opened(path)
    assert.deepEqual({ kind, config, training, kerasVersion }, {
      kind: 'keras-archive', config: CONFIG, training: { loss: 'mse' }, kerasVersion: '3.15.1'
    })
    assert.deepEqual(layers.map((layer) => layer.path), ['dense'])
    assert.deepEqual(await filesOf(path), [join(path, 'config.json'), join(path, 'model.weights.h5')])
  })

  test('is refused where its configuration is damaged', async () => {
    const message = /is not a whole unpacked \.keras archive: /
    await assert.rejects(opened(folder({ 'config.json': '{' })), { name: 'WeightsError', message })
  })

  test('is refused where a part is there and cannot be read', async () => {
    const path = folder({ 'config.json': JSON.stringify(CONFIG) })
    symlinkSync('metadata.json', join(path, 'metadata.json'))
    await assert.rejects(opened(path), { name: 'UnreadableError', message: /^\/.*metadata\.json cannot be read \(ELOOP\)/ })
  })
})

suite('a configuration beside weights alone', () => {
  const cases: Array<[name: string, file: string, content: unknown, config: unknown]> = [
    ['as model.to_json() gives it', 'architecture.json', CONFIG, CONFIG],
    ['dumped twice', 'config.json', JSON.stringify(CONFIG), CONFIG],
    ['as model.get_config() gives it', 'model.json', { layers: [{ class_name: 'Dense' }], input_layers: [] },
      { class_name: 'Functional', config: { layers: [{ class_name: 'Dense' }], input_layers: [] } }],
    ['of a Sequential', 'net.json', { layers: [{ class_name: 'Dense' }] },
      { class_name: 'Sequential', config: { layers: [{ class_name: 'Dense' }] } }]
  ]
  for (const [name, file, content, config] of cases) {
    test(name, async () => {
      const path = folder({ [file]: JSON.stringify(content) }, 'net.weights.h5')
      const stored = await opened(join(path, 'net.weights.h5'))
      assert.deepEqual([stored.kind, stored.config], ['keras3-weights', config])
      assert.deepEqual(stored.notes, [`has only weights, and ${file} beside it says how it is built`])
    })
  }

  test('something else beside them is passed over, with a word where it is damaged', async () => {
    const path = folder({ 'config.json': '{"id2label": {}}', 'model.json': '{' }, 'net.weights.h5')
    const { config, notes = [] } = await opened(join(path, 'net.weights.h5'))
    assert.equal(config, undefined)
    assert.match(notes.join(), /^has only weights, and model\.json beside it is not used: /)
  })

  test('one that the system does not let be read has a word, too', async () => {
    const path = folder({}, 'net.weights.h5')
    symlinkSync('config.json', join(path, 'config.json'))
    const { notes } = await opened(join(path, 'net.weights.h5'))
    const reason = `${join(path, 'config.json')} cannot be read (ELOOP): its symbolic links lead in a circle`
    assert.deepEqual(notes, [`has only weights, and config.json beside it is not used: ${reason}`])
  })
})
