import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { fold } from '../../src/compiler/fold/fold.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import type { Network, Operation, OperationKind, OperationOf, Padding } from '../../src/model/network.js'
import { sizeOf, type Weights } from '../../src/model/weights.js'
import { wavyPicture } from '../support/pictures.js'
import { RandomNetworks } from '../support/random-network.js'
import { referenceValues } from '../support/reference-network.js'

const NETWORKS = 30
/** Each weight is rounded to float32 once, and the reference computes in float64. */
const TOLERANCE = 1e-6

const NORMALIZATION: Operation = { kind: 'batchNormalization', epsilon: 1e-3, scale: true, center: true }
const CENTERING: Operation = { kind: 'affine', scale: 0.5, offset: -1 }
const SCALING: Operation = { kind: 'affine', scale: [0.5, 2, 3], offset: 0 }
const PAD: Operation = { kind: 'zeroPadding', top: 1, bottom: 1, left: 1, right: 1 }
const RELU: Operation = { kind: 'activation', activation: { function: 'relu' } }
type Window = Pick<OperationOf<'convolution'>, 'kernel' | 'strides' | 'dilation' | 'padding'>
const window = (side: number, padding: Padding, stride = 1): Window => (
  { kernel: [side, side], strides: [stride, stride], dilation: [1, 1], padding }
)
const convolution = (side: number, padding: Padding, groups = 1, stride = 1): Operation => (
  { kind: 'convolution', filters: 6, groups, bias: false, ...window(side, padding, stride) }
)
const depthwise = (padding: Padding): Operation => ({ kind: 'depthwiseConvolution', bias: true, ...window(3, padding) })
const separable = (padding: Padding): Operation => ({ kind: 'separableConvolution', filters: 4, bias: true, ...window(3, padding) })

suite('folding', () => {
  test('random networks give the same after it, and no batch normalization is left', () => {
    const networks = new RandomNetworks(new Random(3))
    let removed = 0
    for (let count = 0; count < NETWORKS; count++) {
      const { network, weights, images } = networks.next()
      const folded = fold(network, weights)
      for (const image of images) assertSame(network, weights, folded, image)
      assert.ok(folded.network.layers.every(({ operation }) => operation.kind !== 'batchNormalization'))
      removed += network.layers.length - folded.network.layers.length
    }
    assert.ok(removed > NETWORKS / 2, `${removed} layers were folded away`)
  })

  const cases: ReadonlyArray<readonly [name: string, layers: readonly Operation[], left: readonly OperationKind[]]> = [
    ['a chain after a convolution', [convolution(3, 'same'), NORMALIZATION, CENTERING, NORMALIZATION], ['convolution']],
    ['a chain after a grouped convolution', [convolution(3, 'same', 3), NORMALIZATION, CENTERING], ['convolution']],
    ['after a depthwise convolution', [depthwise('same'), NORMALIZATION], ['depthwiseConvolution']],
    ['after a separable convolution', [separable('same'), NORMALIZATION], ['separableConvolution']],
    ['after a dense layer', [{ kind: 'flatten' }, { kind: 'dense', units: 4, bias: true }, NORMALIZATION], ['flatten', 'dense']],
    ['a shift before a convolution without padding', [NORMALIZATION, CENTERING, convolution(3, 'valid')], ['convolution']],
    ['a shift before a grouped convolution without padding', [NORMALIZATION, convolution(3, 'valid', 3)], ['convolution']],
    ['a shift before a 1x1 convolution with stride', [NORMALIZATION, convolution(1, 'same', 1, 2)], ['convolution']],
    ['a shift before a depthwise convolution without padding', [NORMALIZATION, depthwise('valid')], ['depthwiseConvolution']],
    ['a shift before a separable convolution without padding', [NORMALIZATION, separable('valid'), CENTERING], ['separableConvolution']],
    ['a scale before zero padding that is the convolution\'s own', [SCALING, convolution(3, 'same')], ['convolution']],
    ['a shift before zero padding stays', [NORMALIZATION, CENTERING, convolution(3, 'same')], ['affine', 'convolution']],
    ['a shift before a padding layer stays', [CENTERING, PAD, convolution(3, 'valid')],
      ['affine', 'zeroPadding', 'convolution']],
    ['nothing goes past an activation', [convolution(3, 'same'), RELU, NORMALIZATION, RELU],
      ['convolution', 'activation', 'affine', 'activation']]
  ]
  for (const [name, layers, left] of cases) {
    test(name, () => {
      const builder = new NetworkBuilder({ side: 7, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } })
      layers.forEach((operation, index) => builder.add({ name: `layer ${index}`, operation, inputs: [builder.last] }))
      assertFolded(builder.build(), left)
    })
  }

  test('a convolution that another layer reads too keeps its values', () => {
    const builder = new NetworkBuilder({ side: 7, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } })
    const shared = builder.add({ name: 'shared', operation: convolution(3, 'same'), inputs: ['input'] })
    const normalized = builder.add({ name: 'normalized', operation: NORMALIZATION, inputs: [shared] })
    builder.add({ name: 'sum', operation: { kind: 'add' }, inputs: [shared, normalized] })
    assertFolded(builder.build(), ['convolution', 'affine', 'add'])
  })

  test('a batch normalization that two layers read is not folded into one of them', () => {
    const builder = new NetworkBuilder({ side: 7, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } })
    const normalized = builder.add({ name: 'normalized', operation: NORMALIZATION, inputs: ['input'] })
    const branches = ['left', 'right'].map((name) => builder.add({ name, operation: convolution(1, 'valid'), inputs: [normalized] }))
    builder.add({ name: 'sum', operation: { kind: 'add' }, inputs: branches })
    assertFolded(builder.build(), ['affine', 'convolution', 'convolution', 'add'])
  })

  test('a layer that nothing reads is left out, with its weights', () => {
    const builder = new NetworkBuilder({ side: 7, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } })
    builder.add({ name: 'unread', operation: convolution(3, 'same'), inputs: ['input'] })
    builder.add({ name: 'last', operation: convolution(3, 'same'), inputs: ['input'] })
    const { weights } = assertFolded(builder.build(), ['convolution'])
    assert.deepEqual([...weights.keys()], ['last/kernel'])
  })
})

function assertFolded (network: Network, left: readonly OperationKind[]): ReturnType<typeof fold> {
  const random = new Random(5)
  const number = (role: string): number => role === 'moving_variance' ? random.uniform(0.5, 2) : random.normal(0.5)
  const weights: Weights = new Map(network.layers.flatMap((layer) => layer.weights.map(({ role, name, shape }) => (
    [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => number(role)) }] as const
  ))))
  const folded = fold(network, weights)
  assert.deepEqual(folded.network.layers.slice(1).map(({ operation }) => operation.kind), left)
  assertSame(network, weights, folded, wavyPicture(network.input.side, network.input.channels, random))
  return folded
}

function assertSame (network: Network, weights: Weights, folded: ReturnType<typeof fold>, image: Uint8Array): void {
  const [expected, found] = [{ network, weights }, folded].map((one) => (
    referenceValues(one.network, one.weights, image).get(one.network.layers.at(-1)?.name ?? '')?.data
  )) as [Float64Array, Float64Array]
  assert.equal(found.length, expected.length)
  const largest = Math.max(...expected.map(Math.abs))
  const isNear = (value: number, index: number): boolean => Math.abs(value - (found[index] ?? NaN)) < TOLERANCE * largest
  assert.ok(expected.every(isNear), 'folding changed what comes out')
}
