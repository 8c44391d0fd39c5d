import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { presetNames } from '../../src/model/presets/index.js'
import { startApp } from '../support/app.js'
import { CAT } from '../support/cat.js'

interface Prediction { readonly label: string, readonly probability: number }
interface Reply {
  readonly model: { readonly name: string }
  readonly results: ReadonlyArray<{ readonly predictions: readonly Prediction[] }>
}

suite('every preset is served, small', () => {
  for (const name of [...presetNames(), 'inception-segments-4']) {
    test(name, async (t) => {
      const model = `preset:${name}?width=0.125&size=96&classes=10`
      const server = await startApp(t, { MODEL: model, MAX_BATCH_SIZE: '1' }, 'real')
      assert.ok(server.log.some((line) => line.includes('random weights')), 'a warning says that the weights are random')
      const response = await fetch(`${server.url}/classify?topK=10`, {
        method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: CAT
      })
      assert.equal(response.status, 200)
      const { model: { name: served }, results: [result] } = await response.json() as Reply
      assert.equal(served, model)
      const predictions = result?.predictions ?? []
      assert.deepEqual(predictions.map(({ label }) => label).sort(), Array.from({ length: 10 }, (_, index) => `class ${index}`))
      assert.ok(Math.abs(predictions.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5)
      assert.ok((predictions[0]?.probability ?? 1) < 0.99, 'no class takes all')
    })
  }
})
