import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config.js'
import { LoadedModel } from '../../src/service/loaded-model.js'
import { Slot } from '../../src/service/slot.js'
import { openModel } from '../../src/sources/open.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const cacheDir = tempFolder()
const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)
const IMAGE_LENGTH = 32 * 32 * 3

async function opened (name: string, metrics: Metrics, env: Record<string, string> = {}): Promise<LoadedModel> {
  const config = readConfig({ BACKEND: 'cpu', KERNELS: 'tensorflow', MODEL_CACHE_DIR: cacheDir, ENGINE_WORKERS: '2', ...env })
  return await LoadedModel.open(config, { ...await openModel(config), name }, { metrics, workerFile })
}

function readyWorkers ({ state }: LoadedModel): number {
  return state.workers.ready
}

/** Classifies one image, and says which model did. */
async function answered (model: LoadedModel): Promise<string> {
  const ticket = { client: '', place: model.admit('') }
  const [answer] = await model.infer([{ pixels: new Uint8Array(IMAGE_LENGTH) }], { signal: new AbortController().signal, ticket })
  assert.ok(answer !== undefined && 'probabilities' in answer)
  assert.equal(answer.probabilities.length, 10)
  return model.facts.description.name
}

test('a second model takes the first one\'s place, and no request is lost', async () => {
  const metrics = new Metrics()
  const slot = new Slot(metrics)
  await assert.rejects(slot.use(answered), { code: 'not_ready' })
  const first = await opened('first', metrics)
  await slot.put(first)
  const second = await opened('second', metrics, { QUEUE_SIZE: '100' })
  assert.deepEqual([first, second].map(readyWorkers), [2, 2], 'each has workers of its own')

  let proceed = (): void => {}
  const uploaded = new Promise<void>((resolve) => { proceed = resolve })
  // Half of them have an image in the queue, half are admitted and still read their upload.
  const early = Array.from({ length: 40 }, (_, index) => slot.use(async (model) => {
    if (index % 2 === 0) await uploaded
    return await answered(model)
  }))
  let isGone = false
  const gone = slot.put(second).then(() => { isGone = true })
  const late = Array.from({ length: 40 }, () => slot.use(answered))
  assert.deepEqual(new Set(await Promise.all(late)), new Set(['second']))
  assert.equal(isGone, false, 'requests of the first are still open')
  assert.equal(readyWorkers(first), 2)

  proceed()
  assert.deepEqual(new Set(await Promise.all(early)), new Set(['first']))
  await gone
  assert.equal(readyWorkers(first), 0)
  assert.equal(readyWorkers(second), 2)

  const text = await metrics.registry.metrics()
  assert.deepEqual(text.match(/^xception_model_info\{name="\w+"/gm), ['xception_model_info{name="second"'])
  assert.match(text, /^xception_queue_capacity 100$/m)
  assert.match(text, /^xception_queue_length 0$/m)
  slot.close()
  await assert.rejects(slot.use(answered), { code: 'shutting_down' })
  await slot.end()
  assert.equal(readyWorkers(second), 0)
})

test('a model that is not put together ends the workers that were started for it', async () => {
  const processes = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length
  await until('the end of those before', () => processes() === 0)
  let started = 0
  const defect = new Error('of what is read last')
  const get = (): never => {
    started = processes()
    throw defect
  }
  const config = readConfig({ BACKEND: 'cpu', MODEL_CACHE_DIR: cacheDir, ENGINE_WORKERS: '2' })
  const model = Object.defineProperty(await openModel(config), 'labels', { get })
  await assert.rejects(LoadedModel.open(config, model, { metrics: new Metrics(), workerFile }), (error) => error === defect)
  assert.equal(started, 2)
  await until('the end of both', () => processes() === 0)
})
