import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../../src/base/random.js'
import { NetworkBuilder } from '../../../src/model/network-builder.js'
import type { Activation, Network, Operation } from '../../../src/model/network.js'
import { sizeOf, type Tensor } from '../../../src/model/weights.js'
import { recognize } from '../../../src/sources/keras/index.js'
import { tempFolder } from '../../support/temp-folder.js'
import { assertClose, probabilitiesOf, withStored } from './answers.js'
import { MINUS_ONE_TO_ONE, statements } from './synthetic.js'
import { saveTfjs } from './tfjs.js'

const folder = tempFolder()

const SIDE = 24
const WINDOW = { strides: [1, 1], dilation: [1, 1], padding: 'same', bias: true } satisfies Partial<Operation>

/** A branching network of every layer that TensorFlow.js has in common with the service. */
function everyLayer (): Network {
  const builder = new NetworkBuilder({ side: SIDE, channels: 3, rescaling: MINUS_ONE_TO_ONE })
  let count = 0
  const add = (operation: Operation, inputs = [builder.last]): string => builder.add({ name: `layer${count++}`, operation, inputs })
  const activate = (activation: Activation): string => add({ kind: 'activation', activation })
  const normalize = (scale: boolean, center: boolean): string => add({ kind: 'batchNormalization', epsilon: 1e-3, scale, center })

  add({ kind: 'zeroPadding', top: 1, bottom: 2, left: 0, right: 3 })
  add({ kind: 'convolution', filters: 8, groups: 1, kernel: [3, 2], ...WINDOW, strides: [2, 2] })
  normalize(false, true)
  const left = activate({ function: 'relu', maximum: 6 })
  add({ kind: 'depthwiseConvolution', kernel: [3, 3], ...WINDOW })
  normalize(true, false)
  activate({ function: 'hardSigmoid', slope: 0.2 })
  const right = add({ kind: 'separableConvolution', filters: 8, kernel: [5, 5], ...WINDOW, bias: false })
  add({ kind: 'add' }, [left, right])
  const sum = activate({ function: 'leakyRelu', slope: 0.2 })
  const gate = activate({ function: 'tanh' })
  const product = add({ kind: 'multiply' }, [sum, gate])
  const largest = add({ kind: 'maxPooling', size: [3, 3], strides: [2, 2], padding: 'same' }, [product])
  const mean = add({ kind: 'averagePooling', size: [3, 3], strides: [2, 2], padding: 'same' }, [product])
  add({ kind: 'concatenate' }, [largest, mean])
  activate({ function: 'elu', alpha: 1 })
  const pooled = add({ kind: 'globalAveragePooling', keepDimensions: false })
  add({ kind: 'reshape', shape: [2, 2, 4] })
  add({ kind: 'convolution', filters: 8, groups: 1, kernel: [1, 1], ...WINDOW })
  activate({ function: 'sigmoid' })
  const flat = add({ kind: 'flatten' })
  add({ kind: 'concatenate' }, [pooled, flat])
  add({ kind: 'dense', units: 5, bias: true })
  activate({ function: 'softmax' })
  return builder.build()
}

/** Trained weights are about as large as this; variances must be positive. */
function randomWeights (network: Network): ReadonlyMap<string, Tensor> {
  const random = new Random(7)
  return new Map(network.layers.flatMap(({ weights }) => weights).map(({ name, role, shape }) => {
    const data = Float32Array.from(
      { length: sizeOf(shape) }, () => role === 'moving_variance' ? random.uniform(0.5, 2) : random.normal(0.4)
    )
    return [name, { shape, data }]
  }))
}

test('a TensorFlow.js model of many layers answers as TensorFlow.js does', async () => {
  const network = everyLayer()
  const random = new Random(8)
  const pixels = Uint8Array.from({ length: 2 * SIDE * SIDE * 3 }, (_, index) => random.uniform(0, index < SIDE * SIDE * 3 ? 256 : 90))
  const { path, outputs } = await saveTfjs(folder, network, randomWeights(network), Float32Array.from(pixels, (value) => value / 127.5 - 1))
  await withStored(path, async (stored) => { assert.deepEqual(statements((await recognize(stored)).network), statements(network)) })
  assert.ok([0, 1, 2, 3, 4].some((unit) => Math.abs((outputs[unit] ?? 0) - (outputs[5 + unit] ?? 0)) > 0.05), 'the pictures are told apart')
  assertClose(await probabilitiesOf(path, pixels), outputs)
})
