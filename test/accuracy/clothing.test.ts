import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test, type TestContext } from 'node:test'
import { readConfig } from '../../src/config.js'
import { openModel } from '../../src/sources/open.js'
import { LoadedModel, prepareProcess } from '../../src/service/loaded-model.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { CLOTHING_LABELS, clothingPackage } from '../support/clothing.js'
import { readLabelledPhotos, type LabelledPhoto } from '../support/photos.js'
import { pillowPixels } from '../support/pillow.js'
import { realModel } from '../support/real-model.js'
import { startApp } from '../support/app.js'
import { shared, withoutShared } from '../support/shared.js'
import { tempFolder } from '../support/temp-folder.js'

/* The full-size network with real weights on real photos: the backbone that was trained on ImageNet, a head for clothes. */

interface Answer { readonly label: string, readonly probabilities: readonly number[] }

/** Asks a server of the package for every photo. */
async function answersOf (t: TestContext, env: Record<string, string>, photos: readonly LabelledPhoto[]): Promise<Answer[]> {
  const server = await startApp(t, { FIT: 'fill', ...env }, 'real')
  const answers: Answer[] = []
  for (let start = 0; start < photos.length; start += 32) {
    const form = new FormData()
    for (const { file } of photos.slice(start, start + 32)) form.append('image', new Blob([file]))
    const response = await fetch(`${server.url}/classify?topK=10`, { method: 'POST', body: form })
    const { results } = await response.json() as {
      results: Array<{ predictions: Array<{ label: string, classId: number, probability: number }> }>
    }
    answers.push(...results.map(({ predictions }) => ({
      label: predictions[0]?.label ?? '',
      probabilities: [...predictions].sort((left, right) => left.classId - right.classId).map(({ probability }) => probability)
    })))
  }
  await server.close()
  return answers
}

const share = (photos: readonly LabelledPhoto[], isRight: (index: number) => boolean): number =>
  photos.filter((_, index) => isRight(index)).length / photos.length

suite('341 photos of clothes through POST /classify', { skip: withoutShared }, () => {
  const folder = tempFolder()
  const photos = withoutShared === false ? readLabelledPhotos(shared('real-model/clothing-validation.tar')) : []
  const reference = withoutShared === false
    ? new Float32Array(new Uint8Array(readFileSync(shared('real-model/clothing-validation.f32'))).buffer)
    : new Float32Array()
  let env: Record<string, string> | undefined
  let float32: Answer[] = []

  before(async () => {
    const model = realModel()
    if (model === undefined) return
    const path = await clothingPackage(model, join(folder, 'package'))
    env = {
      MODEL: path,
      LABELS: join(path, 'labels.txt'),
      MODEL_CACHE_DIR: join(folder, 'cache'),
      REQUEST_TIMEOUT_MS: '120000',
      // As it would be measured, without the time that takes.
      MAX_BATCH_SIZE: '8'
    }
  })

  test('float32 is as accurate as the reference, and says the same', async (t) => {
    if (env === undefined) return t.skip('the real model cannot be fetched')
    assert.equal(photos.length, 341)
    const labels = CLOTHING_LABELS()
    const expected = photos.map((_, index) => {
      const row = reference.subarray(index * labels.length, (index + 1) * labels.length)
      return labels[row.indexOf(Math.max(...row))]
    })
    float32 = await answersOf(t, env, photos)
    const accuracy = share(photos, (index) => float32[index]?.label === photos[index]?.label)
    const same = share(photos, (index) => float32[index]?.label === expected[index])
    t.diagnostic(`accuracy ${accuracy.toFixed(4)}, same label as the reference ${same.toFixed(4)}`)
    assert.ok(Math.abs(accuracy - 0.903) <= 0.01, `accuracy ${accuracy}`)
    assert.ok(same >= 0.97, `same label on ${same}`)
  })

  test('equals Keras on the pixels that Pillow makes', async (t) => {
    if (env === undefined) return t.skip('the real model cannot be fetched')
    const pixels = pillowPixels(shared('real-model/clothing-validation.tar'))
    if (pixels === undefined) return t.skip('Pillow 12 or later is not installed')
    const config = { ...readConfig(env), backend: 'cpu' as const }
    prepareProcess()
    const loaded = await LoadedModel.open(config, await openModel(config), { metrics: new Metrics() })
    t.after(() => loaded.close())
    const imageBytes = 299 * 299 * 3
    let largest = 0
    // Every fourth photo, so that all kinds of clothes are among them.
    const chosen = photos.flatMap((_, index) => index % 4 === 0 ? [index] : [])
    for (let start = 0; start < chosen.length; start += 8) {
      const some = chosen.slice(start, start + 8)
      await Promise.all(some.map(async (index) => {
        const picture = new Uint8Array(pixels.subarray(index * imageBytes, (index + 1) * imageBytes))
        const [answer] = await loaded.infer([{ pixels: picture }], { signal: t.signal })
        assert.ok(answer !== undefined && 'probabilities' in answer)
        const { probabilities } = answer
        probabilities.forEach((value, classId) => {
          largest = Math.max(largest, Math.abs(value - (reference[index * probabilities.length + classId] ?? NaN)))
        })
      }))
    }
    t.diagnostic(`largest difference of a probability ${largest.toExponential(1)}`)
    assert.ok(largest < 1e-5, `largest difference ${largest}`)
  })

  test('bfloat16 costs at most one point, 1 % of the labels and 0.06 of a probability', async (t) => {
    if (env === undefined) return t.skip('the real model cannot be fetched')
    const bfloat16 = await answersOf(t, { ...env, PRECISION: 'bfloat16' }, photos)
    const accuracy = share(photos, (index) => bfloat16[index]?.label === photos[index]?.label)
    const same = share(photos, (index) => bfloat16[index]?.label === float32[index]?.label)
    const largest = Math.max(...bfloat16.flatMap(({ probabilities }, index) =>
      probabilities.map((value, classId) => Math.abs(value - (float32[index]?.probabilities[classId] ?? NaN)))))
    t.diagnostic(
      `accuracy ${accuracy.toFixed(4)}, same label as float32 ${same.toFixed(4)}, ` +
      `largest difference of a probability ${largest.toFixed(4)}`
    )
    assert.ok(Math.abs(accuracy - 0.903) <= 0.01, `accuracy ${accuracy}`)
    assert.ok(same >= 0.99, `same label on ${same}`)
    assert.ok(largest <= 0.06, `largest difference ${largest}`)
  })
})
