import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { HeadLayer } from '../../../src/model/architecture.js'
import { readStoredModel } from '../../../src/sources/files/index.js'
import { recognize, type Hints, type RecognizedModel } from '../../../src/sources/keras/index.js'
import { shared, withoutShared } from '../../support/shared.js'
import { SMALL, change, entry, functional, kerasLayers, networkOf, storedModel } from './synthetic.js'

function ending (units: number, activation: 'linear' | 'relu' | 'sigmoid' | 'softmax'): ReturnType<typeof networkOf> {
  const dense: HeadLayer = { type: 'dense', name: 'predictions', units, activation }
  return networkOf({ ...SMALL, head: [{ type: 'globalAveragePooling' }, dense] })
}

const LOGITS = ending(3, 'linear')

async function trained (network: typeof LOGITS, training: unknown, hints: Hints = {}): Promise<RecognizedModel> {
  return await recognize({ ...storedModel(network, functional(kerasLayers(network))), training }, hints)
}

const SOFTMAX = { kind: 'activation', activation: { function: 'softmax' } }
const last = ({ network }: RecognizedModel): unknown => network.layers.at(-1)?.operation

suite('numbers of a regression are refused', () => {
  const losses: Array<[name: string, loss: unknown]> = [
    ['by its short name', 'mae'], ['by its long name', 'mean_squared_error'], ['by a class', { class_name: 'Huber', config: { delta: 1 } }],
    ['by a function', { module: 'builtins', class_name: 'function', config: 'mean_absolute_error' }],
    ['by a function in a wrapper', { class_name: 'LossFunctionWrapper', config: { fn: 'log_cosh', name: 'mine' } }],
    ['of a list', ['mse']], ['by output', { predictions: 'mse' }],
    ['of a registered package', { class_name: 'mine>RootMeanSquaredError', config: {} }]
  ]
  for (const [name, loss] of losses) {
    test(name, async () => {
      const message = /^the layer predictions \(Dense\) gives the numbers of a regression and no classes \(it was trained with the loss /
      await assert.rejects(trained(LOGITS, { loss }), { name: 'WeightsError', message })
    })
  }

  test('in the text of a legacy file, whose optimizer is not finite', async () => {
    await assert.rejects(trained(LOGITS, '{"optimizer_config": {"clipnorm": Infinity, "decay": NaN}, "loss": "mse"}'), /the loss mse\)/)
  })

  test('of one unit with ReLU, which says it without a loss', async () => {
    await assert.rejects(trained(ending(1, 'relu'), undefined), /regression and no classes \(its one unit ends in relu\)/)
  })

  test('but not probabilities, nor a network that is asked for its features', async () => {
    assert.deepEqual(last(await trained(ending(3, 'softmax'), { loss: 'mse' })), SOFTMAX)
    for (const units of [1, 3]) {
      const { network } = await trained(ending(units, 'linear'), { loss: 'mse' }, { withoutClassifier: true })
      assert.equal(network.layers.at(-1)?.operation.kind, 'activation')
    }
  })
})

suite('the loss says what logits are', () => {
  const from = (name: string): unknown => ({ loss: { class_name: name, config: { from_logits: true } } })
  const cases: Array<[name: string, training: unknown, output: Hints['output'], becomes: string]> = [
    ['labels that are independent', from('BinaryCrossentropy'), undefined, 'sigmoid'],
    ['one class of many', from('SparseCategoricalCrossentropy'), undefined, 'softmax'],
    ['the setting says more', from('BinaryCrossentropy'), 'softmax', 'softmax'],
    ['a loss that nobody knows', { loss: 'my_loss' }, undefined, 'softmax'],
    ['damaged text', '{"loss": ', undefined, 'softmax'],
    ['not compiled', {}, undefined, 'softmax']
  ]
  for (const [name, training, output, becomes] of cases) {
    test(name, async () => {
      const recognized = await trained(LOGITS, training, output === undefined ? {} : { output })
      assert.deepEqual(last(recognized), { kind: 'activation', activation: { function: becomes } })
      const isGuess = /nobody|damaged|compiled/.test(name)
      assert.deepEqual(recognized.notes.map((note) => /^ends in 3 logits .* OUTPUT=sigmoid$/.test(note)), isGuess ? [true] : [])
    })
  }

  test('of one unit it is a guess, too', async () => {
    assert.match((await trained(ending(1, 'linear'), undefined)).notes.join(), /^ends in one linear unit .* second of two classes$/)
    assert.deepEqual((await trained(ending(1, 'linear'), { loss: 'binary_crossentropy' })).notes, [])
  })

  test('read from legacy files', { skip: withoutShared }, async () => {
    const stored = await readStoredModel(shared('cases/models/k2_optimizer/model.h5'))
    await stored.close()
    assert.match(String(stored.training), /"loss": "\w+crossentropy"/)
  })
})

suite('of several outputs', () => {
  const network = ending(3, 'softmax')
  const layers = kerasLayers(network)
  const age = entry('Dense', 'age', { units: 1, activation: 'linear' }, ['avg_pool'])
  const several = (outputs: unknown, config: Record<string, unknown> = {}): unknown => {
    const model = functional([...change(layers, 'predictions', {}), { ...age, config: { ...age.config, ...config } }])
    return { ...model, config: { ...model.config, output_layers: outputs } }
  }
  const LIST = [['predictions', 0, 0], ['age', 0, 0]]
  const DICTIONARY = { years: ['age', 0, 0], age: ['predictions', 0, 0] }
  const open = async (config: unknown, outputLayer?: string, training?: unknown): Promise<RecognizedModel> => {
    return await recognize({ ...storedModel(network, config), training }, outputLayer === undefined ? {} : { outputLayer })
  }

  test('the first is served, and the others are named', async () => {
    const { network: found, notes } = await open(several(LIST))
    assert.deepEqual(found.layers.length, network.layers.length)
    assert.deepEqual(notes, ['has the outputs predictions, age, of which the first is served: name another one with OUTPUT_LAYER'])
  })

  test('one is taken by its key before its layer', async () => {
    for (const [config, name] of [[several(LIST), 'predictions'], [several(DICTIONARY), 'age']] as const) {
      const { network: found, notes } = await open(config, name)
      assert.deepEqual([found.layers.length, notes], [network.layers.length, []])
    }
  })

  test('a name that is not there is refused with the list', async () => {
    await assert.rejects(open(several(DICTIONARY), 'gender'), { message: 'the model has no output "gender": its outputs are years, age' })
    await assert.rejects(open(functional(layers), 'avg_pool'), {
      message: 'the model has no output "avg_pool": its outputs are predictions'
    })
  })

  test('those of one layer are numbered', async () => {
    const inner = { ...(several(LIST) as ReturnType<typeof functional>), inbound_nodes: [[['pixels', 0, 0, {}]]] }
    const outer = functional([entry('InputLayer', 'pixels', { batch_input_shape: [null, 71, 71, 3] }, []), inner])
    const model = { ...outer, config: { ...outer.config, output_layers: [['model', 1, 1], ['model', 1, 0]] } }
    const stored = { ...storedModel(network, model, 'tfjs-layers') }
    assert.equal((await recognize(stored, { outputLayer: 'model:1' })).network.layers.at(-1)?.name, 'predictions_softmax')
    await assert.rejects(recognize(stored, { outputLayer: 'model' }), /its outputs are model:0, model:1$/)
  })

  test('each has a loss of its own, and a refusal names the others', async () => {
    const message = /the numbers of a regression .* the loss mae\), .*; the model has other outputs, which OUTPUT_LAYER takes: predictions$/
    for (const loss of [{ age: 'mae', predictions: 'categorical_crossentropy' }, ['categorical_crossentropy', 'mae']]) {
      await assert.rejects(open(several(LIST), 'age', { loss }), { message })
      await open(several(LIST), undefined, { loss })
    }
    await assert.rejects(open(several(DICTIONARY), undefined, { loss: { years: 'mae', age: 'mse' } }), /OUTPUT_LAYER takes: age$/)
  })
})
