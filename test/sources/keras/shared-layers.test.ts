import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recognize } from '../../../src/sources/keras/index.js'
import type { StoredModel } from '../../../src/sources/files/index.js'
import { referenceProbabilities } from '../../support/reference-network.js'
import { entry, functional, storedWeight, type LayerEntry } from './synthetic.js'

const SIDE = 4
const KERAS2 = { kind: 'hdf5-model', kerasVersion: undefined, close: async () => {} } as const

type Read = readonly [layer: string, call: number]

/** Calls of a layer as Keras 2 writes them. */
const calls = (...reads: readonly Read[]): unknown[] => (
  reads.map(([layer, call]) => [[layer, call, 0, {}]])
)
const called = (className: string, name: string, config: Record<string, unknown>, ...reads: readonly Read[]): LayerEntry => (
  { ...entry(className, name, config, []), inbound_nodes: calls(...reads) }
)
const joined = (className: string, name: string, ...reads: readonly Read[]): LayerEntry => (
  { ...entry(className, name, {}, []), inbound_nodes: [reads.map(([layer, call]) => [layer, call, 0, {}])] }
)
const pixels = entry('InputLayer', 'pixels', { batch_input_shape: [null, SIDE, SIDE, 3] }, [])

async function probabilities (stored: StoredModel): Promise<number[]> {
  const { network, readWeights } = await recognize(stored)
  return referenceProbabilities(network, await readWeights(), Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => index * 5))
}

test('a layer that is called twice has its weights in both places, though its second call reads what comes later', async () => {
  const dense = { units: 3, activation: 'tanh' }
  const layers = [
    pixels,
    called('GlobalAveragePooling2D', 'average', {}, ['pixels', 0]),
    called('Dense', 'shared', dense, ['average', 0], ['between', 0]),
    called('Activation', 'between', { activation: 'sigmoid' }, ['shared', 0]),
    joined('Multiply', 'product', ['shared', 0], ['shared', 1]),
    called('Dense', 'last', { units: 2, activation: 'softmax' }, ['product', 0])
  ]
  const weights = (name: string, inputs: number, units: number) => ({
    path: name, weights: [storedWeight(`${name}/kernel:0`, [inputs, units], 0.7), storedWeight(`${name}/bias:0`, [units], 0.2)]
  })
  const stored = [weights('shared', 3, 3), weights('last', 3, 2)]
  const apart = layers.flatMap((layer) => layer.name !== 'shared' ? [layer] : [called('Dense', 'shared', dense, ['average', 0])])
  apart.splice(4, 0, called('Dense', 'second', dense, ['between', 0]))
  const spelledOut = apart.map((layer) => layer.name === 'product' ? joined('Multiply', 'product', ['shared', 0], ['second', 0]) : layer)
  assert.deepEqual(
    await probabilities({ ...KERAS2, config: functional(layers), layers: stored }),
    await probabilities({ ...KERAS2, config: functional(spelledOut), layers: [...stored, weights('second', 3, 3)] })
  )
})

test('a model that is called twice is counted from 0 or from 1, and gives what it gives for each call', async () => {
  const inner = functional([
    entry('InputLayer', 'vector', { batch_input_shape: [null, 3] }, []), called('Dense', 'inside', { units: 3 }, ['vector', 0])
  ], 'inner')
  const model = (first: number): unknown => functional([
    pixels,
    called('GlobalAveragePooling2D', 'average', {}, ['pixels', 0]),
    called('GlobalMaxPooling2D', 'largest', {}, ['pixels', 0]),
    { ...inner, inbound_nodes: calls(['average', 0], ['largest', 0]) },
    joined('Subtract', 'difference', ['inner', first + 1], ['inner', first]),
    called('Softmax', 'softmax', {}, ['difference', 0])
  ])
  const layers = [{
    path: 'inner', weights: [storedWeight('inside/kernel:0', [3, 3], 0.01), storedWeight('inside/bias:0', [3], 0)]
  }]
  const [fromZero, fromOne] = await Promise.all([0, 1].map((first) => probabilities({ ...KERAS2, config: model(first), layers })))
  assert.deepEqual(fromOne, fromZero)
})
