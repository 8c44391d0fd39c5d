import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { readStoredModel } from '../../src/sources/files/index.js'
import { recognize } from '../../src/sources/keras/index.js'
import { assertClose, floats } from '../sources/keras/answers.js'
import { expectedOf, familyFixtures, fixture, fixtures } from '../sources/keras/fixtures.js'
import { encodeSafetensors } from '../../src/sources/files/safetensors-writer.js'
import { saveTfjs } from '../sources/keras/tfjs.js'
import { classifyPixels, inClassOrder } from '../support/answers.js'
import { realModel } from '../support/real-model.js'
import { openApp, servingApp } from '../support/app.js'
import { NPM_START, serving, startServer } from '../support/server.js'
import { shared, withoutShared } from '../support/shared.js'
import { tempFolder } from '../support/temp-folder.js'

const folder = tempFolder()

/** A file of `../shared/real-model/family`. */
interface PublishedCase { readonly file: string, readonly size: number }

const warnsOfScale = (log: readonly string[]): boolean => log.some((line) => line.includes('name another way with SCALE'))

suite('POST /classify answers as Keras does, whatever file the model comes in', () => {
  for (const entry of fixtures) {
    const { file, inputs, inputSize, scale } = entry
    test(file, async () => {
      const size = /any-size|weights/.test(file) ? { INPUT_SIZE: String(inputSize) } : {}
      await servingApp({ MODEL: fixture(file), ...size }, async ({ url, log }) => {
        assertClose((await classifyPixels(url, readFileSync(fixture(inputs)), inputSize)).flatMap(inClassOrder), expectedOf(entry))
        assert.equal(warnsOfScale(log), scale === '-1..1', 'what does not say how it is scaled starts with a warning, Xception too')
      })
    })
  }

  for (const entry of familyFixtures) {
    const { file, inputs, inputSize, scale } = entry
    test(`another family: ${file}`, async () => {
      await servingApp({ MODEL: fixture(file) }, async ({ url, log }) => {
        assertClose((await classifyPixels(url, readFileSync(fixture(inputs)), inputSize)).flatMap(inClassOrder), expectedOf(entry))
        assert.equal(warnsOfScale(log), scale === '-1..1', 'what does not say how it is scaled starts with a warning')
      })
    })
  }

  const cases = withoutShared === false ? readFileSync(shared('real-model/family/cases.json'), 'utf8') : '[]'
  const published = JSON.parse(cases) as PublishedCase[]
  for (const { file, size } of published) {
    test(`published, of one grey channel: ${file}`, async () => {
      const path = (ending: string): string => shared(`real-model/family/${file.replace(/hdf5$/, ending)}`)
      await servingApp({ MODEL: path('hdf5') }, async ({ url, log }) => {
        const found = (await classifyPixels(url, readFileSync(path('u8')), size)).flatMap(inClassOrder)
        assertClose(found, floats(readFileSync(path('f32'))))
        assert.ok(log.some((line) => line.includes(`${size}x${size} grey pixels`)))
      })
    })
  }

  const golden = async (path: string): Promise<void> => {
    await servingApp({ MODEL: path }, async ({ url }) => {
      assertClose(
        (await classifyPixels(url, readFileSync(shared('golden/inputs.u8')), 299)).flatMap(inClassOrder),
        floats(readFileSync(shared('golden/outputs.f32')))
      )
    })
  }
  for (const file of ['xception-thin.weights-legacy.h5', 'xception-thin.weights.h5', 'xception-thin.keras']) {
    test(file, { skip: withoutShared }, () => golden(shared(`golden/${file}`)))
  }

  test('a TensorFlow.js folder and safetensors', { skip: withoutShared }, async () => {
    const stored = await readStoredModel(shared('golden/xception-thin.keras'))
    const { network, readWeights } = await recognize(stored)
    const weights = await readWeights()
    await stored.close()
    await saveTfjs(join(folder, 'tfjs'), network, weights)
    await golden(join(folder, 'tfjs'))
    writeFileSync(join(folder, 'thin.safetensors'), encodeSafetensors(weights))
    await golden(join(folder, 'thin.safetensors'))
  })
})

test('a file that is no model that can be served ends the start with one sentence', async (t) => {
  await assert.rejects(startServer(t, { MODEL: fixture('manifest.json') }), /manifest\.json/)
  const labels = join(folder, 'three.txt')
  writeFileSync(labels, 'one\ntwo\nthree\n')
  await assert.rejects(
    openApp(t, { MODEL: fixture('keras2-sequential-trained.keras'), LABELS: labels }),
    /three\.txt has 3 labels, and the model gives 5 classes/
  )
})

test('labels beside the file are taken; without any the classes are numbered, with a warning', async () => {
  const model = join(folder, 'own.keras')
  copyFileSync(fixture('keras3-functional-nested.keras'), model)
  const topLabels = async (): Promise<string[]> => {
    let labels: string[] = []
    await servingApp({ MODEL: model }, async ({ url, log }) => {
      const [predictions = []] = await classifyPixels(url, readFileSync(fixture('pictures-71.u8')).subarray(0, 71 * 71 * 3), 71)
      labels = [...predictions].sort((left, right) => left.classId - right.classId).map(({ label }) => label)
      assert.equal(log.some((line) => line.includes('comes without labels')), labels[0] === 'class 0')
    })
    return labels
  }
  assert.deepEqual(await topLabels(), ['class 0', 'class 1', 'class 2'])
  writeFileSync(join(folder, 'labels.txt'), 'red\ngreen\nblue\n')
  assert.deepEqual(await topLabels(), ['red', 'green', 'blue'])
  rmSync(join(folder, 'labels.txt'))
})

test('independent labels: OUTPUT=sigmoid', async () => {
  await servingApp({ MODEL: fixture('keras3-functional-nested.keras'), OUTPUT: 'sigmoid' }, async ({ url }) => {
    const [predictions = []] = await classifyPixels(url, readFileSync(fixture('pictures-71.u8')).subarray(0, 71 * 71 * 3), 71)
    const { rawOutputs } = fixtures.find(({ file }) => file === 'keras3-functional-nested.keras') as unknown as { rawOutputs: number[][] }
    assertClose(inClassOrder(predictions), (rawOutputs[0] ?? []).map((logit) => 1 / (1 + Math.exp(-logit))))
  })
})

test('the real transfer-learned model with its labels, through npm start', { skip: withoutShared }, async (context) => {
  const path = realModel()
  if (path === undefined) return context.skip('the real model cannot be fetched')
  const { labels, rows } = JSON.parse(
    readFileSync(shared('real-model/real-model.json'), 'utf8')
  ) as { labels: string[], rows: Array<{ prediction: string }> }
  writeFileSync(join(folder, 'kitchen.txt'), labels.join('\n'))
  await serving({ MODEL: join(path, 'model.keras'), LABELS: join(folder, 'kitchen.txt') }, async ({ url }) => {
    const found = await classifyPixels(url, readFileSync(shared('real-model/inputs.u8')), 150)
    assert.deepEqual(found.map(([best]) => best?.label), rows.map(({ prediction }) => prediction))
  }, NPM_START)
})

suite('MODEL=imagenet', { skip: withoutShared }, () => {
  const file = readFileSync(shared('golden/xception-thin.weights-legacy.h5'))
  const sha256 = createHash('sha256').update(file).digest('hex')

  test('goes from nothing to ready over a connection that is cut halfway, and shows its progress', async (t) => {
    let requests = 0
    const mirror = createServer((request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(
        start > 0 ? 206 : 200,
        {
          'content-length': file.length - start, ...start > 0 ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}
        }
      )
      if (++requests === 1) response.write(file.subarray(0, file.length / 2), () => setTimeout(() => { response.destroy() }, 300))
      else response.end(file.subarray(start))
    }).listen(0, '127.0.0.1')
    await once(mirror, 'listening')
    t.after(() => { mirror.close() })
    const env = {
      MODEL: 'imagenet',
      KERNELS: 'tensorflow',
      MODEL_CACHE_DIR: join(folder, 'cache'),
      IMAGENET_SHA256: sha256,
      IMAGENET_URL: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/thin.h5`
    }
    await serving(env, async ({ url, log, notReady }) => {
      const [predictions = []] = await classifyPixels(url, readFileSync(shared('golden/inputs.u8')).subarray(0, 299 * 299 * 3), 299)
      const tabby = predictions.find(({ classId }) => classId === 281)
      assert.deepEqual([tabby?.label, tabby?.wordnetId], ['tabby', 'n02123045'])
      assert.ok(
        notReady.some((body) => /"reason":"loading","progress":"downloading the model: 0\.\d of 1\.3 MB"/.test(body)), notReady.join()
      )
      assert.ok(log.some((line) => line.includes('crop 0.875 (')))
    })
    assert.equal(requests, 2)
    await servingApp(env, async () => {})
    assert.equal(requests, 2, 'the second start takes it from the cache')
  })

  test('refuses a file whose hash is wrong, and says where to put the right one where there is no network', async (t) => {
    const mirror = createServer((_request, response) => { response.end('another file') }).listen(0, '127.0.0.1')
    await once(mirror, 'listening')
    t.after(() => { mirror.close() })
    const env = { MODEL: 'imagenet', KERNELS: 'tensorflow', MODEL_CACHE_DIR: join(folder, 'cache'), IMAGENET_SHA256: '0'.repeat(64) }
    await assert.rejects(
      openApp(t, { ...env, IMAGENET_URL: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/wrong.h5` }),
      /its SHA-256 is [0-9a-f]{64}, and 0{64} is expected/
    )
  })
})
