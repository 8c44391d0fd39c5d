import { WeightsError } from '../../model/weights.js'
import type { FlatLayer, FlatModel } from './flatten.js'
import { hasNoEffect } from './no-effect.js'
import { refuse } from './refusal.js'

/** A layer that computes something, with the layers around it. */
export interface KerasNode {
  readonly layer: FlatLayer
  /** One for each operand that is a tensor, in order. */
  readonly inputs: readonly KerasNode[]
  readonly consumers: readonly KerasNode[]
}

export interface KerasGraph {
  readonly input: KerasNode
  readonly output: KerasNode
  /** In topological order. */
  readonly nodes: readonly KerasNode[]
}

interface Building extends KerasNode {
  readonly consumers: Building[]
}

/**
 * What a model computes from its input to its output, without the layers that have no effect when serving, and without `decoded`, which
 * is done before.
 * Throws a WeightsError if it does not lead from one input to one output.
 */
export function graphOf ({ layers, output }: FlatModel, decoded?: FlatLayer): KerasGraph {
  const needed = ancestorsOf(output)
  const nodes = new Map<FlatLayer, Building>()
  const built: Building[] = []
  for (const layer of layers.filter((entry) => needed.has(entry))) {
    const inputs = layer.operands.flatMap((operand) => 'layer' in operand ? nodes.get(operand.layer) ?? [] : [])
    const [source] = inputs
    if (source === undefined && layer.className !== 'InputLayer') refuse(layer, 'reads nothing')
    if (source !== undefined && (layer === decoded || hasNoEffect(layer))) {
      nodes.set(layer, source)
      continue
    }
    const node: Building = { layer, inputs, consumers: [] }
    for (const input of inputs) input.consumers.push(node)
    nodes.set(layer, node)
    built.push(node)
  }
  const [input, ...otherInputs] = built.filter(({ layer }) => layer.className === 'InputLayer')
  const last = nodes.get(output)
  if (input === undefined || last === undefined || otherInputs.length > 0) {
    throw new WeightsError('the model does not lead from one input to one output')
  }
  return { input, output: last, nodes: built }
}

function ancestorsOf (output: FlatLayer): ReadonlySet<FlatLayer> {
  const found = new Set([output])
  // A set's iteration reaches what is added meanwhile.
  for (const layer of found) {
    for (const operand of layer.operands) if ('layer' in operand) found.add(operand.layer)
  }
  return found
}
