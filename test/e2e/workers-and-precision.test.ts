import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chooseKernels } from '../../src/engine/kernels.js'
import { startApp } from '../support/app.js'
import { CAT } from '../support/cat.js'
import { cifar10Accuracy } from '../support/cifar10.js'
import { startServer } from '../support/server.js'
import { withoutShared } from '../support/shared.js'

interface Reply {
  readonly model: { readonly precision: string }
  readonly results: ReadonlyArray<{ readonly predictions: ReadonlyArray<{ readonly label: string, readonly probability: number }> }>
}

async function classify (url: string): Promise<Reply> {
  const response = await fetch(`${url}/classify`, { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } })
  return await response.json() as Reply
}

const best = ({ results }: Reply): { label: string, probability: number } => results[0]?.predictions[0] ?? { label: '', probability: NaN }

test('two workers, a measured batch size and bfloat16 serve as one', async (t) => {
  const one = await startApp(t, {}, 'real')
  const exact = best(await classify(one.url)).probability
  await one.close()
  const server = await startServer(t, { ENGINE_WORKERS: '2', MAX_BATCH_SIZE: 'auto', PRECISION: 'bfloat16' })
  const replies = await Promise.all(Array.from({ length: 40 }, () => classify(server.url)))
  assert.deepEqual(new Set(replies.map((reply) => best(reply).label)), new Set(['cat']))
  assert.deepEqual(new Set(replies.map(({ model }) => model.precision)), new Set(['bfloat16']))
  for (const reply of replies) {
    const difference = Math.abs(best(reply).probability - exact)
    assert.ok(difference > 1e-5 && difference < 0.05, `computed in bfloat16: ${difference} from float32`)
  }
  const ready = JSON.parse(server.log.find((line) => line.includes('"ready"')) ?? '{}') as { maxBatchSize?: number, workers?: number }
  assert.equal(ready.workers, 2)
  assert.ok([1, 2, 4, 8, 16].includes(ready.maxBatchSize ?? 0))
  assert.equal(await server.stop(), 0)
})

suite('products of int8', { skip: chooseKernels('int8', 'cpu') === 'tensorflow' ? 'there are no kernels for int8 here' : false }, () => {
  test('a model without a quantization of its own is served by its batch normalizations', async (t) => {
    const server = await startApp(t, { PRECISION: 'int8' }, 'real')
    const reply = await classify(server.url)
    assert.equal(reply.model.precision, 'int8')
    assert.equal(best(reply).label, 'cat')
    await server.slot.use(async ({ facts }) => { assert.equal(facts.computation.kernels, chooseKernels('int8', 'cpu')) })
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), /xception_model_info\{[^}]*precision="int8"/)
    await server.close()
  })

  test('they cost at most 1 point of accuracy', { skip: withoutShared }, async (t) => {
    const { url } = await startApp(t, { PRECISION: 'int8' }, 'real')
    const accuracy = await cifar10Accuracy(url)
    assert.ok(Math.abs(accuracy - 0.896) <= 0.01, `accuracy ${accuracy}`)
  })
})

test('bfloat16 costs at most 0.3 points of accuracy', { skip: withoutShared }, async (t) => {
  const { url } = await startApp(t, { PRECISION: 'bfloat16' }, 'real')
  const accuracy = await cifar10Accuracy(url)
  assert.ok(Math.abs(accuracy - 0.896) <= 0.003, `accuracy ${accuracy}`)
})
