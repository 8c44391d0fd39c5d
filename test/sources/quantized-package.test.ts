import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { readConfig } from '../../src/config.js'
import { inputSpec } from '../../src/model/model.js'
import { quantizationOf } from '../../src/quantize/from-statistics.js'
import { openModel } from '../../src/sources/open.js'
import { writePackage } from '../../src/sources/package-writer.js'
import { tempFolder } from '../support/temp-folder.js'

suite('a model package with a quantization', () => {
  const folder = tempFolder()

  test('is read as it was written', async () => {
    const path = join(folder, 'package')
    const config = readConfig({})
    const { network, input, readWeights, labels } = await openModel(config)
    const weights = await readWeights()
    const quantization = quantizationOf(network, weights)
    assert.ok(quantization.size > 0)
    await writePackage(path, {
      name: 'quantized', version: '1', network, input: inputSpec(input), labels: labels.map(({ label }) => label), weights, quantization
    })
    const read = await openModel({ ...config, model: path })
    assert.deepEqual(new Map(await read.readQuantization?.()), quantization)
    assert.deepEqual(read.network, network)
    assert.deepEqual(new Map(await read.readWeights()), new Map([...weights].sort(([one], [other]) => one < other ? -1 : 1)))
  })

  test('that lacks its file is refused by name', async () => {
    const path = join(folder, 'package')
    const statement = JSON.parse(await readFile(join(path, 'model.json'), 'utf8')) as object
    await writeFile(join(path, 'model.json'), JSON.stringify({ ...statement, quantization: 'other.safetensors' }))
    await assert.rejects(openModel({ ...readConfig({}), model: path }), /quantization is other\.safetensors, and there is no such file/)
  })
})
