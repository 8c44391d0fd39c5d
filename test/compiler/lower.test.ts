import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Program } from '../../src/compiler/emit.js'
import { lower } from '../../src/compiler/lower/lower.js'
import type { Precision } from '../../src/compiler/precision.js'
import type { Step } from '../../src/compiler/steps.js'
import { NetworkBuilder } from '../../src/model/network-builder.js'
import type { Operation } from '../../src/model/network.js'
import { sizeOf } from '../../src/model/weights.js'

const WINDOW = { kernel: [3, 3], strides: [1, 1], dilation: [1, 1], padding: 'same' } satisfies Partial<Operation>
const SEPARABLE: Operation = { kind: 'separableConvolution', filters: 6, bias: true, ...WINDOW }
const RELU: Operation = { kind: 'activation', activation: { function: 'relu' } }
const HEAD: readonly Operation[] = [
  { kind: 'globalAveragePooling', keepDimensions: false }, { kind: 'dense', units: 4, bias: true },
  { kind: 'activation', activation: { function: 'softmax' } }
]

suite('lowering', () => {
  test('a pointwise convolution, its bias and its ReLU follow one another, so that TensorFlow fuses them', () => {
    const { steps } = lowered([SEPARABLE, RELU, ...HEAD], 'bfloat16')
    let step = steps.find(({ op }) => op === 'DepthwiseConv2dNative')
    for (const op of ['Reshape', 'MatMul', 'BiasAdd', 'Relu']) {
      step = steps.find(({ inputs }) => inputs[0] === step?.name)
      assert.equal(step?.op, op)
    }
  })

  test('bfloat16 ends at the global pooling', () => {
    const program = lowered([SEPARABLE, RELU, ...HEAD], 'bfloat16')
    const types = (op: Step['op']): string[] => program.steps.filter((step) => step.op === op).map(({ type }) => type)
    assert.deepEqual(types('DepthwiseConv2dNative'), ['bfloat16'])
    // The separable convolution's, the classifier's, and the classifier's at every position.
    assert.deepEqual(types('MatMul'), ['bfloat16', 'float32', 'float32'])
    assert.deepEqual(types('Mean'), ['float32'])
    assert.ok(Object.values(program.outputs).every(({ type }) => type === 'float32'))
  })

  test('the maps use the constant that the classifier uses', () => {
    const program = lowered([SEPARABLE, RELU, ...HEAD], 'float32')
    const kernels = program.steps.filter(({ op }) => op === 'MatMul').slice(1).map(({ inputs }) => inputs[1])
    assert.equal(kernels.length, 2)
    assert.equal(new Set(kernels).size, 1)
  })

  test('a gate in float32 meets the maps in their own type', () => {
    const start: readonly Operation[] = [SEPARABLE, { kind: 'globalAveragePooling', keepDimensions: true }]
    const gated = lowered(start, 'bfloat16', (builder, [map = '', pooled = '']) => {
      builder.add({ name: 'gated', operation: { kind: 'multiply' }, inputs: [map, pooled] })
      return HEAD
    })
    assert.equal(gated.steps.find(({ name }) => name === 'gated')?.type, 'bfloat16')
  })

  test('depthwise convolutions that TensorFlow has no op for become ones that it has', () => {
    const operation: Operation = { kind: 'depthwiseConvolution', bias: false, ...WINDOW, strides: [2, 1], dilation: [1, 2] }
    const program = lowered([operation, ...HEAD], 'float32')
    const step = program.steps.find(({ op }) => op === 'DepthwiseConv2dNative')
    assert.ok(step?.op === 'DepthwiseConv2dNative' && step.stride === 1 && step.padding === 'valid')
    const kernel = program.steps.find(({ name }) => name === step.inputs[1])
    assert.deepEqual(kernel?.op === 'Const' ? kernel.shape : [], [3, 5, 3, 1])
  })

  test('names that TensorFlow does not allow, or that the graph has already, are changed', () => {
    const builder = new NetworkBuilder({ side: 8, channels: 3, rescaling: { scale: 1, offset: 0 } })
    builder.add({ name: '_my layer', operation: SEPARABLE, inputs: ['input'] })
    for (const operation of HEAD) {
      builder.add({ name: operation.kind === 'dense' ? 'probabilities' : operation.kind, operation, inputs: [builder.last] })
    }
    const names = lowerBuilt(builder, 'float32').steps.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.every((name) => /^[A-Za-z0-9.][A-Za-z0-9_./-]*$/.test(name)))
  })
})

function lowered (
  operations: readonly Operation[], precision: Precision,
  more: (builder: NetworkBuilder, names: readonly string[]) => readonly Operation[] = () => []
): Program {
  const builder = new NetworkBuilder({ side: 8, channels: 3, rescaling: { scale: 1 / 127.5, offset: -1 } })
  const add = (operation: Operation, index: number): string => builder.add({ name: `layer${index}`, operation, inputs: [builder.last] })
  const names = operations.map(add)
  more(builder, names).forEach((operation, index) => add(operation, names.length + index))
  return lowerBuilt(builder, precision)
}

function lowerBuilt (builder: NetworkBuilder, precision: Precision): Program {
  const network = builder.build()
  const weights = new Map(network.layers.flatMap((layer) => layer.weights.map(({ name, shape }) => (
    [name, { shape, data: new Float32Array(sizeOf(shape)).fill(0.5) }] as const
  ))))
  return lower({ network, weights }, { precision, ownKernels: false })
}
