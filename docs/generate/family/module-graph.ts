import type { Activation, Layer, Network, Operation, Shape } from '../../../src/model/network.js'

/** What a box of a figure stands for; layers that only normalize or activate are said in the box of the layer before them. */
export interface Box {
  readonly name: string
  readonly kind: 'input' | 'cross' | 'spatial' | 'depthwise' | 'pool' | 'slice' | 'join' | 'other'
  readonly title: string
  /** Second line: filters, stride, or the shape of the result. */
  readonly detail: string
  /** What follows it at once, such as `BN` and `ReLU`. */
  readonly tags: readonly string[]
  /** Names of the boxes that it reads. */
  readonly inputs: readonly string[]
}

type Words = Pick<Box, 'kind' | 'title' | 'detail'>

/** Name of the box for what a module reads. */
const INPUT = 'input'
/** Name of the box for what it gives, where no box says so. */
const OUTPUT = 'output'

/** The boxes of some layers of a network, the module's input first. Throws an Error if they read more than one layer from outside. */
export function boxesOf ({ layers }: Network, isInside: (layer: Layer) => boolean): Box[] {
  const inside = layers.filter(isInside)
  const own = new Set(inside.map(({ name }) => name))
  const outside = [...new Set(inside.flatMap(({ inputs }) => inputs).filter((name) => !own.has(name)))]
  const [input] = outside
  if (input === undefined || outside.length > 1) throw new Error(`a module reads one layer, and this one reads ${outside.join(', ')}`)
  const shape = layers.find(({ name }) => name === input)?.outputShape ?? [0]
  const boxes = new Map<string, Box>([[INPUT, { name: INPUT, kind: 'input', title: shapeText(shape), detail: '', tags: [], inputs: [] }]])
  const boxNames = new Map([[input, INPUT]])
  for (const layer of inside) {
    const [first = ''] = layer.inputs
    const before = boxes.get(boxNames.get(first) ?? '')
    const isOnlyReader = layers.filter(({ inputs }) => inputs.includes(first)).length === 1
    const tag = tagOf(layer.operation)
    if (tag !== undefined && before !== undefined && (isOnlyReader ? before.kind !== 'input' : tag === '')) {
      boxes.set(before.name, { ...before, tags: [...before.tags, ...tag === '' ? [] : [tag]] })
      boxNames.set(layer.name, before.name)
    } else if (tag === '') {
      boxNames.set(layer.name, boxNames.get(first) ?? INPUT)
    } else {
      const inputs = layer.inputs.map((name) => boxNames.get(name) ?? INPUT)
      boxes.set(layer.name, { name: layer.name, ...wordsOf(layer), tags: [], inputs })
      boxNames.set(layer.name, layer.name)
    }
  }
  const drawn = [...boxes.values()]
  const [last, result] = [drawn.at(-1), inside.at(-1)]
  if (last === undefined || result === undefined || last.kind === 'join') return drawn
  return [...drawn, { name: OUTPUT, kind: 'input', title: shapeText(result.outputShape), detail: '', tags: [], inputs: [last.name] }]
}

/** Separable convolutions as the two convolutions that they are. */
export function withStepsOfSeparable (network: Network): Network {
  return {
    ...network,
    layers: network.layers.flatMap((layer) => {
      const { operation } = layer
      if (operation.kind !== 'separableConvolution') return [layer]
      const { kind: _kind, filters, bias, ...window } = operation
      const step = `${layer.name} step`
      return [
        { ...layer, name: step, operation: { ...window, kind: 'depthwiseConvolution', bias: false } },
        {
          ...layer,
          inputs: [step],
          operation: { kind: 'convolution', filters, bias, groups: 1, kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'valid' }
        }
      ] satisfies Layer[]
    })
  }
}

/** How a layer is said in the box before it; empty if it is not said, undefined if it has a box of its own. */
function tagOf (operation: Operation): string | undefined {
  switch (operation.kind) {
    case 'batchNormalization': return 'BN'
    case 'activation': return activationText(operation.activation)
    case 'zeroPadding': return ''
    default: return undefined
  }
}

function wordsOf ({ operation, outputShape }: Layer): Words {
  const detail = shapeText(outputShape)
  switch (operation.kind) {
    case 'convolution': return {
      kind: operation.kernel.every((side) => side === 1) ? 'cross' : 'spatial',
      title: `${operation.kernel.join('×')} convolution`,
      detail: `${operation.filters} filters${strideText(operation.strides)}`
    }
    case 'depthwiseConvolution': return {
      kind: 'depthwise',
      title: `${operation.kernel.join('×')} depthwise convolution`,
      detail: `one a channel${strideText(operation.strides)}`
    }
    case 'separableConvolution': return {
      kind: 'depthwise',
      title: `${operation.kernel.join('×')} separable convolution`,
      detail: `${operation.filters} filters${strideText(operation.strides)}`
    }
    case 'maxPooling': case 'averagePooling': return {
      kind: 'pool',
      title: `${operation.size.join('×')} ${operation.kind === 'maxPooling' ? 'maximum' : 'average'} pooling`,
      detail: strideText(operation.strides).replace(', ', '')
    }
    case 'channelSlice': return {
      kind: 'slice', title: `channels ${operation.start}–${operation.end - 1}`, detail: `${operation.end - operation.start} of them`
    }
    case 'concatenate': return { kind: 'join', title: 'concatenate', detail }
    case 'add': return { kind: 'join', title: 'add', detail }
    case 'activation': return { kind: 'other', title: activationText(operation.activation), detail: '' }
    default: return { kind: 'other', title: operation.kind, detail }
  }
}

function activationText (activation: Activation): string {
  switch (activation.function) {
    case 'relu': return `ReLU${activation.maximum ?? ''}`
    case 'elu': return 'ELU'
    default: return activation.function
  }
}

function strideText ([stride]: readonly number[]): string {
  return stride === 1 ? '' : `, stride ${stride}`
}

export function shapeText (shape: Shape): string {
  return shape.join(' × ')
}
