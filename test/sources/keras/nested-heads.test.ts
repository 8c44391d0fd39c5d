import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { recognize } from '../../../src/sources/keras/index.js'
import {
  SMALL, entry, functional, kerasLayers, networkOf, statements, storedModel, type LayerEntry
} from './synthetic.js'

const HEAD = ['hidden', 'predictions']
const NETWORK = networkOf({
  ...SMALL,
  head: [
    { type: 'flatten' }, { type: 'dense', name: 'hidden', units: 4, activation: 'relu' },
    { type: 'dense', name: 'predictions', units: 3, activation: 'softmax' }
  ]
})
const MAP = [null, 2, 2, 11]

/** The layers of the head alone, behind an input of its own that states what it reads. */
function headOf (inputs: unknown): LayerEntry[] {
  const [flatten, ...rest] = kerasLayers(NETWORK).slice(-3)
  assert.ok(flatten !== undefined)
  return [
    entry('InputLayer', 'features', { batch_input_shape: inputs }, []),
    { ...flatten, inbound_nodes: [[['features', 0, 0, {}]]] }, ...rest
  ]
}

/** The same layers as a Sequential that states its input in the first one. */
function sequentialHead (): LayerEntry {
  const [, first, ...rest] = headOf(MAP)
  assert.ok(first !== undefined)
  const layers = [{ ...first, config: { ...first.config, batch_input_shape: MAP } }, ...rest]
    .map(({ class_name: className, config }) => ({ class_name: className, config }))
  return { class_name: 'Sequential', name: 'top', config: { name: 'top', layers }, inbound_nodes: [] }
}

suite('a head that is a model of its own, whose input is no picture', () => {
  const base = kerasLayers(NETWORK).slice(0, -3)
  const last = base.at(-1)?.name ?? ''
  const nestedBase = { ...functional(base, 'base'), inbound_nodes: [[['pixels', 0, 0, {}]]] }
  const pixels = entry('InputLayer', 'pixels', { batch_input_shape: [null, null, null, 3] }, [])
  const cases: Array<[name: string, config: unknown]> = [
    ['behind the layers of the base', functional([...base, { ...sequentialHead(), inbound_nodes: [[[last, 0, 0, {}]]] }])],
    ['functional', functional([...base, { ...functional(headOf(MAP), 'top'), inbound_nodes: [[[last, 0, 0, {}]]] }])],
    ['behind a base of its own, which states the size', functional([
      pixels, nestedBase, { ...sequentialHead(), inbound_nodes: [[['base', 0, 0, {}]]] }
    ])],
    ['a Sequential of two models, without an input', {
      class_name: 'Sequential', config: { layers: [functional(base, 'base'), sequentialHead()] }
    }],
    ['behind scaled pixels', functional([
      pixels, entry('RandomFlip', 'flip', {}, ['pixels']), entry('Rescaling', 'rescaling', { scale: 1 / 127.5, offset: -1 }, ['flip']),
      { ...nestedBase, inbound_nodes: [[['rescaling', 0, 0, {}]]] }, { ...sequentialHead(), inbound_nodes: [[['base', 0, 0, {}]]] }
    ])]
  ]
  for (const [name, config] of cases) {
    test(name, async () => {
      const { network, inputSizeFromFile } = await recognize(storedModel(NETWORK, config, 'tfjs-layers'))
      assert.equal(inputSizeFromFile, true)
      assert.deepEqual(statements(network), statements(NETWORK))
      assert.deepEqual(HEAD.map((layer) => network.layers.some((one) => one.name === layer)), [true, true])
    })
  }
})
