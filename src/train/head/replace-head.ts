import { notEmbeddable } from '../../base/sentences.js'
import { networkOf } from '../../model/network-builder.js'
import type { Layer, LayerStatement, Network } from '../../model/network.js'
import { classifierOf } from '../../model/outputs.js'
import type { Tensor, Weights } from '../../model/weights.js'
import type { Linear } from './logistic.js'

export interface Trained {
  readonly network: Network
  readonly weights: Weights
}

/**
 * A network up to its global pooling, with a linear classifier and softmax behind it. Throws a ServiceError `not_embeddable` for a
 * network that pools nothing.
 */
export function replaceHead ({ network, weights }: Trained, head: Linear): Trained {
  const backbone = backboneOf(network)
  const taken = new Set(backbone.map(({ name }) => name))
  const name = freeName('head', taken)
  const statements = [...backbone.slice(1).map(statementOf), ...headStatements(backbone, name, head.bias.length)]
  const replaced = networkOf(network.input, statements)
  const dense = replaced.layers.find((layer) => layer.name === name)
  const [kernel, bias] = ['kernel', 'bias'].map((role) => dense?.weights.find((weight) => weight.role === role)?.name ?? '')
  const kept = new Set(backbone.flatMap((layer) => layer.weights.map((weight) => weight.name)))
  return {
    network: replaced,
    weights: new Map<string, Tensor>([
      ...[...weights].filter(([weight]) => kept.has(weight)),
      [kernel ?? '', kernelOf(head)],
      [bias ?? '', { shape: [head.bias.length], data: Float32Array.from(head.bias) }]
    ])
  }
}

/** The pooling and all that it is computed from, in their order. */
function backboneOf (network: Network): Layer[] {
  const classifier = classifierOf(network)
  if ('reason' in classifier) throw notEmbeddable(classifier.reason)
  const needed = new Set([classifier.pooling.name])
  for (const layer of [...network.layers].reverse()) {
    if (needed.has(layer.name)) layer.inputs.forEach((input) => needed.add(input))
  }
  return network.layers.filter(({ name, operation }) => operation.kind === 'input' || needed.has(name))
}

function headStatements (backbone: readonly Layer[], name: string, units: number): LayerStatement[] {
  const pooling = backbone.at(-1)
  if (pooling === undefined) throw new Error('a backbone ends in its pooling')
  const flatten: LayerStatement[] = pooling.outputShape.length === 1
    ? []
    : [{ name: `${name}_flatten`, operation: { kind: 'flatten' }, inputs: [pooling.name], flow: 'head' }]
  const source = flatten[0]?.name ?? pooling.name
  return [
    ...flatten,
    { name, operation: { kind: 'dense', units, bias: true }, inputs: [source], flow: 'head' },
    { name: `${name}_softmax`, operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: [name], flow: 'head' }
  ]
}

/** A name that no layer has, nor begins with. */
function freeName (wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
  while ([...taken].some((one) => one.startsWith(name))) name = `new_${name}`
  return name
}

function statementOf ({ outputShape: _shape, weights: _weights, ...statement }: Layer): LayerStatement {
  return statement
}

/** [features, classes], as Keras has it. */
function kernelOf ({ weights: { rows, columns, data } }: Linear): Tensor {
  const kernel = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) kernel[column * rows + row] = data[row * columns + column] ?? 0
  }
  return { shape: [columns, rows], data: kernel }
}
