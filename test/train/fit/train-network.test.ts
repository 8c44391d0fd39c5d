import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { Random } from '../../../src/base/random.js'
import { parsePreset, presetNetwork } from '../../../src/model/presets/index.js'
import type { Weights } from '../../../src/model/weights.js'
import type { Examples } from '../../../src/train/fit/batches.js'
import { DEFAULT_RECIPE } from '../../../src/train/fit/recipe.js'
import { trainingEnvironment } from '../../../src/train/process/environment.js'
import { trainNetwork, type TrainedNetwork, type TrainingJob } from '../../../src/train/fit/train-network.js'
import { tempFolder } from '../../support/temp-folder.js'

const SIDE = 32
const CLASSES = 3
const NETWORK = presetNetwork(parsePreset(`xception?width=0.02&size=${SIDE}&stem=1&classes=${CLASSES}`), { scale: 1 / 127.5, offset: -1 })
const RECIPE = { ...DEFAULT_RECIPE, epochs: 3, batch: 12, learningRate: 0.05, mixup: 0.2, shift: 2 }

/** Pictures of one colour a class, with noise. */
function colours (count: number, seed: number): Examples {
  const random = new Random(seed)
  const labels = Uint8Array.from({ length: count }, (_, index) => index % CLASSES)
  const pictures = Array.from(labels, (label) => Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => (
    (at % 3 === label ? 150 : 60) + random.below(60)
  )))
  return { labels, pixels: async (index) => pictures[index] ?? new Uint8Array() }
}

function jobIn (t: TestContext, changes: Partial<TrainingJob> = {}): TrainingJob {
  const folder = tempFolder(t)
  return {
    network: NETWORK,
    recipe: RECIPE,
    precision: 'float32',
    train: colours(40, 1),
    validation: colours(15, 2),
    dataset: 'colours',
    environment: trainingEnvironment({ backend: 'cpu', threads: 1 }),
    folder,
    watcher: {},
    ...changes
  }
}

async function trained (job: TrainingJob): Promise<TrainedNetwork> {
  const result = await trainNetwork(job)
  assert.ok(result !== undefined)
  return result
}

function bytesOf (weights: Weights): string {
  const hex = ({ buffer, byteOffset, byteLength }: Float32Array): string => Buffer.from(buffer, byteOffset, byteLength).toString('hex')
  return [...weights].map(([name, { data }]) => `${name} ${hex(data)}`).join()
}

test('a training that was stopped twice goes on to the same weights and figures, bit for bit', async (t) => {
  const whole = await trained(jobIn(t))
  assert.deepEqual(whole.epochs.map(({ epoch, steps }) => [epoch, steps]), [[1, 3], [2, 6], [3, 9]])
  const interrupted = jobIn(t)
  for (const stopAt of [2, 7]) {
    let done = 0
    const watcher = { onStep: (steps: number) => { done = steps }, isToStop: () => done === stopAt }
    assert.equal(await trainNetwork({ ...interrupted, watcher }), undefined)
    assert.deepEqual(readdirSync(interrupted.folder), [`checkpoint-${stopAt}`])
  }
  const resumed = await trained(interrupted)
  assert.deepEqual(resumed.epochs, whole.epochs)
  assert.equal(bytesOf(resumed.weights), bytesOf(whole.weights))
  assert.equal(bytesOf((await trained(interrupted)).weights), bytesOf(whole.weights), 'and what is done is not done again')
})

test('colours are learned', async (t) => {
  const network = presetNetwork(parsePreset(`vgg-separable?width=0.1&size=${SIDE}&classes=${CLASSES}`), { scale: 1 / 127.5, offset: -1 })
  const { epochs } = await trained(jobIn(t, { network, recipe: { ...RECIPE, epochs: 8, learningRate: 0.02, mixup: 0 } }))
  assert.ok((epochs.at(-1)?.trainAccuracy ?? NaN) > 0.9)
  assert.ok(epochs.every(({ validationLoss }) => Number.isFinite(validationLoss)))
})

test('other pictures and too few of them are refused', async (t) => {
  const job = jobIn(t, { watcher: { isToStop: () => true } })
  await trainNetwork(job)
  const refused = (message: RegExp): object => ({ name: 'OperatorError', message })
  await assert.rejects(trainNetwork({ ...job, dataset: 'others' }), refused(/has a training with other pictures or options/))
  await assert.rejects(trainNetwork({ ...job, train: colours(5, 1) }), refused(/takes 12 pictures, and there are 5/))
})
