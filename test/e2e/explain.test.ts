import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import sharp from 'sharp'
import { writeBenchPackage } from '../../bench/network/package-writer.js'
import { classCount } from '../../src/model/network.js'
import { CAT } from '../support/cat.js'
import { HEADS, RELU, SIDE, SOFTMAX, UNITS, average, dense, expectedBias, prepare, type Prepared } from '../support/heads.js'
import { referenceValues } from '../support/reference-network.js'
import { servingApp } from '../support/app.js'
import { shared, withoutShared } from '../support/shared.js'
import { tempFolder } from '../support/temp-folder.js'

interface ClassMap { readonly height: number, readonly width: number, readonly values: readonly number[] }
interface Prediction<E> { readonly classId: number, readonly label: string, readonly probability: number, readonly explanation: E }
interface Reply<E> { readonly results: ReadonlyArray<{ readonly predictions: ReadonlyArray<Prediction<E>> }> }

const EXACT_HEADS = [
  'one dense layer', 'a 1x1 convolution on kept dimensions', 'a map of the classes that is pooled', 'one sigmoid unit'
] as const

suite('POST /classify?explain=true', () => {
  for (const name of EXACT_HEADS) {
    test(`${name}: each map's mean is the logit less the bias`, async (t) => {
      const prepared = prepare(HEADS[name].layers)
      const { network, weights, images } = prepared
      const { results } = await explained<ClassMap>(await packageOf(t, prepared), images, SIDE)
      const units = expectedBias(network, weights)
      const bias = byClass(units)
      results.forEach(({ predictions }, index) => {
        const image = images[index] as Uint8Array
        const logits = byClass([...referenceValues(network, weights, image).get(network.layers.at(-2)?.name ?? '')?.data ?? []])
        assert.equal(predictions.length, classCount(network))
        for (const { classId, explanation: { height, width, values } } of predictions) {
          assert.equal(values.length, height * width)
          const expected = (logits[classId] ?? NaN) - (bias[classId] ?? NaN)
          assert.ok(Math.abs(mean(values) - expected) < 1e-4, `${mean(values)} is not ${expected}`)
        }
        assertTellsProbabilities(predictions, bias)
      })
    })
  }

  test('a published network with a convolution as its head', { skip: withoutShared }, async () => {
    const side = 48
    const grey = readFileSync(shared('real-model/family/mini-emotion.u8'))
    const images = [0, 1, 2, 3].map((index) => grey.subarray(index * side ** 2 * 3, (index + 1) * side ** 2 * 3))
    const { results } = await explained<ClassMap>(shared('real-model/family/mini-emotion.hdf5'), images, side)
    const [first, ...others] = results.map(({ predictions }) => biasesFrom(predictions))
    for (const other of others) {
      other.forEach((value, classId) => { assert.ok(Math.abs(value - (first?.[classId] ?? NaN)) < 1e-3, 'one bias for all pictures') })
    }
  })

  const inexact = {
    'a global maximum': [RELU, { kind: 'globalMaxPooling', keepDimensions: false }, dense(UNITS), SOFTMAX],
    'a hidden layer': [average(false), dense(5), RELU, dense(UNITS), SOFTMAX]
  } as const
  for (const [name, layers] of Object.entries(inexact)) {
    test(`${name} is not explained, and the predictions come all the same`, async (t) => {
      const prepared = prepare(layers)
      const { results } = await explained<{ code: string, detail: string }>(await packageOf(t, prepared), prepared.images, SIDE)
      assert.equal(results.length, prepared.images.length)
      for (const { predictions } of results) {
        assert.equal(predictions.length, UNITS)
        for (const { explanation } of predictions) {
          assert.equal(explanation.code, 'not_explainable')
          assert.match(explanation.detail, /is the pooling, and|is not linear/)
        }
      }
    })
  }

  test('nothing is explained that was not asked for, and what is neither true nor false is refused', async () => {
    await servingApp({}, async ({ url }) => {
      for (const query of ['', '?explain=false']) {
        const { results: [result] } = await (await post(url, [CAT], query)).json() as Reply<undefined>
        assert.deepEqual(Object.keys(result?.predictions[0] ?? {}), ['label', 'classId', 'probability'])
      }
      for (const value of ['', '1', 'yes', 'True', 'true&explain=true']) {
        const response = await post(url, [CAT], `?explain=${value}`)
        assert.deepEqual([response.status, (await response.json() as { code: string }).code], [400, 'invalid_query'])
      }
    })
  })

  test('shows one image to who prefers a picture, and says so where it cannot', async (t) => {
    const cat = await sharp(CAT).metadata()
    await servingApp({}, async ({ url }) => {
      const shown = await post(url, [CAT], '?explain=true', 'image/png, application/json;q=0.5')
      assert.deepEqual([shown.status, shown.headers.get('content-type'), shown.headers.get('vary')], [200, 'image/png', 'accept'])
      const { format, width, height } = await sharp(Buffer.from(await shown.arrayBuffer())).metadata()
      assert.deepEqual([format, width, height], ['png', cat.width, cat.height])

      for (const accept of ['*/*', 'application/json', 'image/png;q=0.5, application/json', 'text/html']) {
        const response = await post(url, [CAT], '?explain=true', accept)
        assert.deepEqual([response.status, response.headers.get('vary')], [200, 'accept'])
        assert.match(response.headers.get('content-type') ?? '', /^application\/json/, accept)
      }
      const two = await post(url, [CAT, CAT], '?explain=true', 'image/png, application/json;q=0.1')
      assert.equal((await two.json() as Reply<ClassMap>).results.length, 2)
      assert.deepEqual(await problemOf(post(url, [CAT, CAT], '?explain=true', 'image/png')), [406, 'not_acceptable'])
      const noImage = post(url, [Buffer.from('no image')], '?explain=true', 'image/png')
      assert.deepEqual(await problemOf(noImage), [415, 'unsupported_image_format'])
    })
    const folder = await packageOf(t, prepare(inexact['a hidden layer']))
    await servingApp({ MODEL: folder }, async ({ url }) => {
      assert.deepEqual(await problemOf(post(url, [CAT], '?explain=true', 'image/png')), [406, 'not_explainable'])
      const response = await post(url, [CAT], '?explain=true', 'image/png, application/json;q=0.1')
      const { results: [result] } = await response.json() as Reply<{ code: string }>
      assert.equal(result?.predictions[0]?.explanation.code, 'not_explainable')
    })
  })
})

async function packageOf (t: TestContext, { network, weights }: Prepared): Promise<string> {
  const folder = tempFolder(t)
  await writeBenchPackage(folder, { network, weights })
  return folder
}

/** The reply for pictures of exactly the input's size, RGB bytes, with a prediction for every class. */
async function explained<E> (model: string, images: readonly Uint8Array[], side: number): Promise<Reply<E>> {
  let reply: Reply<E> | undefined
  await servingApp({ MODEL: model }, async ({ url }) => {
    const { model: { classes } } = await (await fetch(url)).json() as { model: { classes: number } }
    const raw = { width: side, height: side, channels: 3 } as const
    const files = await Promise.all(images.map((pixels) => sharp(pixels, { raw }).png().toBuffer()))
    const response = await post(url, files, `?explain=true&topK=${classes}`)
    assert.equal(response.status, 200)
    reply = await response.json() as Reply<E>
  })
  return reply as Reply<E>
}

async function post (url: string, files: readonly Uint8Array[], query: string, accept = '*/*'): Promise<Response> {
  const body = new FormData()
  for (const file of files) body.append('image', new Blob([new Uint8Array(file)]))
  return await fetch(`${url}/classify${query}`, { method: 'POST', body, headers: { accept } })
}

async function problemOf (sent: Promise<Response>): Promise<[status: number, code: string]> {
  const response = await sent
  return [response.status, (await response.json() as { code: string }).code]
}

/** A sigmoid unit is the logit of the second class; the first class has its negative. */
function byClass (units: readonly number[]): readonly number[] {
  const [only = NaN] = units
  return units.length === 1 ? [-only, only] : units
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value) / values.length
}

/** Differences between logits are those between logarithms of softmax's probabilities; of a sigmoid, twice its logit. */
function assertTellsProbabilities (predictions: ReadonlyArray<Prediction<ClassMap>>, bias: readonly number[]): void {
  const [first, ...others] = predictions.map(({ classId, probability, explanation: { values } }) => (
    { log: Math.log(probability), logit: mean(values) + (bias[classId] ?? NaN) }
  ))
  const perLogit = predictions.length === 2 ? 2 : 1
  for (const { log, logit } of others) {
    const difference = ((first?.logit ?? NaN) - logit) / perLogit
    assert.ok(Math.abs((first?.log ?? NaN) - log - difference) < 1e-3, 'maps that tell the probabilities')
  }
}

/** Each class's bias less the first class's, of softmax's probabilities and the maps alone. */
function biasesFrom (predictions: ReadonlyArray<Prediction<ClassMap>>): number[] {
  const inOrder = [...predictions].sort((left, right) => left.classId - right.classId)
  const biases = inOrder.map(({ probability, explanation: { values } }) => Math.log(probability) - mean(values))
  return biases.map((bias) => bias - (biases[0] ?? NaN))
}
