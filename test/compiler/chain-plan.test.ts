import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { planChains, type Chain } from '../../src/compiler/lower/chain-plan.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import type { Operation } from '../../src/model/network.js'

const WINDOW = { kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same' } satisfies Partial<Operation>
const SEPARABLE: Operation = { kind: 'separableConvolution', filters: 6, bias: true, ...WINDOW }
const DENSE: Operation = { kind: 'convolution', filters: 6, groups: 1, bias: true, ...WINDOW }
const HALVES = { kind: 'maxPooling', size: [3, 3], strides: [2, 2], padding: 'same' } satisfies Operation
const RELU: Operation = { kind: 'activation', activation: { function: 'relu' } }
const ADD: Operation = { kind: 'add' }
const POOL: Operation = { kind: 'globalAveragePooling', keepDimensions: false }

/** What a chain has of its own where nothing stands around its convolution. */
const ALONE = { reluInput: false, summand: undefined, poolSummand: undefined, reluOutput: false }

type Draft = ReadonlyArray<readonly [name: string, operation: Operation, ...inputs: string[]]>

suite('what is computed with a separable convolution', () => {
  test('the ReLU and the sum after it, and the ReLU before it', () => {
    const { chains, absorbed } = plan([
      ['start', { ...SEPARABLE, kernel: [5, 5] }, 'input'],
      ['before', RELU, 'start'],
      ['one', SEPARABLE, 'before'],
      ['between', RELU, 'one'],
      ['two', SEPARABLE, 'between'],
      ['sum', ADD, 'start', 'two'],
      ['after', RELU, 'sum']
    ])
    assert.deepEqual(chains, {
      between: { ...ALONE, layer: 'one', source: 'start', reluInput: true, reluOutput: true },
      after: { ...ALONE, layer: 'two', source: 'between', summand: 'start', reluOutput: true }
    })
    assert.deepEqual(absorbed, ['before', 'one', 'sum', 'two'])
  })

  test('not what others read too', () => {
    const { chains, absorbed } = plan([
      ['before', RELU, 'input'],
      ['one', { ...SEPARABLE, filters: 3 }, 'before'],
      ['sum', ADD, 'one', 'before'],
      ['after', RELU, 'sum'],
      ['both', ADD, 'sum', 'after']
    ])
    assert.deepEqual(chains, { sum: { ...ALONE, layer: 'one', source: 'input', reluInput: true, summand: 'before' } })
    assert.deepEqual(absorbed, ['one'])
  })

  test('a sum of two of them belongs to one', () => {
    const { chains, absorbed } = plan([['one', SEPARABLE, 'input'], ['two', SEPARABLE, 'input'], ['sum', ADD, 'one', 'two']])
    assert.deepEqual(chains, {
      sum: { ...ALONE, layer: 'one', source: 'input', summand: 'two' },
      two: { ...ALONE, layer: 'two', source: 'input' }
    })
    assert.deepEqual(absorbed, ['one'])
  })

  test('not sums of other shapes, of more than two, or of one with itself', () => {
    const { chains } = plan([
      ['pooled', { kind: 'globalAveragePooling', keepDimensions: true }, 'input'],
      ['one', { ...SEPARABLE, filters: 3 }, 'input'],
      ['wide', ADD, 'one', 'pooled'],
      ['two', { ...SEPARABLE, filters: 3 }, 'wide'],
      ['three', ADD, 'two', 'wide', 'input'],
      ['four', SEPARABLE, 'three'],
      ['twice', ADD, 'four', 'four']
    ])
    assert.deepEqual(Object.keys(chains), ['one', 'two', 'four'])
  })

  test('of a dense convolution what stands behind it: a sum, of which the other may be pooled, and a ReLU', () => {
    const { chains, absorbed } = plan([
      ['start', DENSE, 'input'],
      ['after', RELU, 'start'],
      ['one', SEPARABLE, 'after'],
      ['pooled', HALVES, 'one'],
      ['shortcut', { ...DENSE, kernel: [1, 1], strides: [2, 2] }, 'after'],
      ['sum', ADD, 'pooled', 'shortcut'],
      ['kept', HALVES, 'sum'],
      ['other', { ...DENSE, strides: [2, 2] }, 'sum'],
      ['both', ADD, 'other', 'kept'],
      ['last', ADD, 'both', 'kept']
    ])
    assert.deepEqual(chains, {
      after: { ...ALONE, layer: 'start', source: 'input', reluOutput: true },
      one: { ...ALONE, layer: 'one', source: 'after' },
      sum: { ...ALONE, layer: 'shortcut', source: 'after', summand: 'one', poolSummand: HALVES },
      both: { ...ALONE, layer: 'other', source: 'sum', summand: 'kept' }
    })
    assert.deepEqual(absorbed, ['other', 'pooled', 'shortcut', 'start'])
  })

  test('a pooling with one row and one column around its map, and not with two before it', () => {
    const around = { top: 1, bottom: 1, left: 1, right: 1 }
    for (const padding of [around, { ...around, top: 2, bottom: 0 }]) {
      const pooling = { ...HALVES, padding }
      const { chains } = plan([
        ['pooled', pooling, 'input'], ['shortcut', { ...DENSE, filters: 3, kernel: [1, 1], strides: [2, 2] }, 'input'],
        ['sum', ADD, 'pooled', 'shortcut']
      ])
      const summand = padding === around ? { summand: 'input', poolSummand: pooling } : { summand: 'pooled' }
      assert.deepEqual(chains, { sum: { ...ALONE, layer: 'shortcut', source: 'input', ...summand } })
    }
  })

  test('not dense convolutions of single positions, of groups or of windows with gaps', () => {
    const { chains } = plan([
      ['one', { ...DENSE, kernel: [1, 1] }, 'input'],
      ['two', { ...DENSE, groups: 2 }, 'one'],
      ['three', { ...DENSE, dilation: [2, 2] }, 'two']
    ])
    assert.deepEqual(chains, {})
  })

  test('not other windows, and not a ReLU with a bound', () => {
    const { chains } = plan([
      ['bounded', { kind: 'activation', activation: { function: 'relu', maximum: 6 } }, 'input'],
      ['one', { ...SEPARABLE, strides: [2, 2] }, 'bounded'],
      ['two', { ...SEPARABLE, dilation: [2, 2] }, 'one'],
      ['three', { ...SEPARABLE, padding: 'valid' }, 'two'],
      ['last', SEPARABLE, 'three'],
      ['after', { kind: 'activation', activation: { function: 'relu', maximum: 6 } }, 'last']
    ])
    assert.deepEqual(chains, { last: { ...ALONE, layer: 'last', source: 'three' } })
  })
})

/** The plan of a network with global pooling, a dense layer and softmax behind its last layer, with layers by their names. */
function plan (draft: Draft): { readonly chains: Record<string, unknown>, readonly absorbed: readonly string[] } {
  const builder = new NetworkBuilder({ side: 16, channels: 3, rescaling: { scale: 1, offset: 0 } }, 'input')
  for (const [name, operation, ...inputs] of draft) builder.add({ name, operation, inputs })
  builder.add({ name: 'pool', operation: POOL, inputs: [builder.last] })
  builder.add({ name: 'dense', operation: { kind: 'dense', units: 4, bias: true }, inputs: ['pool'] })
  builder.add({ name: 'softmax', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['dense'] })
  const { chains, absorbed } = planChains(builder.build())
  const named = ([name, { layer, ...chain }]: readonly [string, Chain]): [string, unknown] => (
    [name, { layer: layer.name, ...chain }]
  )
  return { chains: Object.fromEntries([...chains].map(named)), absorbed: [...absorbed].sort() }
}
