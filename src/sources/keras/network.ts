import { WeightsError } from '../../model/weights.js'
import { describe, refuse } from './refusal.js'
import type { FlatLayer, FlatModel } from './flatten.js'
import { operationOf, type KerasOperation } from './operations.js'

/** A layer that computes something, with the layers around it. */
export interface KerasNode<Operation extends KerasOperation = KerasOperation> {
  readonly layer: FlatLayer
  readonly operation: Operation
  readonly inputs: readonly KerasNode[]
  readonly consumers: readonly KerasNode[]
}

export interface Network {
  readonly input: KerasNode
  readonly output: KerasNode
  /** In topological order. */
  readonly nodes: readonly KerasNode[]
}

/**
 * What a model computes from its input to its output, without the layers that have no effect when serving.
 * Throws a WeightsError that names the first layer that is not supported.
 */
export function networkOf ({ layers, output }: FlatModel): Network {
  const needed = ancestorsOf(output)
  const nodes = new Map<FlatLayer, Building>()
  const built: Building[] = []
  for (const layer of layers.filter((entry) => needed.has(entry))) {
    const operation = operationOf(layer)
    const inputs = layer.operands.flatMap((operand) => 'layer' in operand ? nodes.get(operand.layer) ?? [] : [])
    if (inputs.length === 0 && operation.kind !== 'input') refuse(layer, 'reads nothing')
    const [source] = inputs
    if (operation.kind === 'noEffect' && source !== undefined) {
      nodes.set(layer, source)
      continue
    }
    const node: Building = { layer, operation, inputs, consumers: [] }
    for (const input of inputs) input.consumers.push(node)
    nodes.set(layer, node)
    built.push(node)
  }
  const [input, ...otherInputs] = built.filter(({ operation }) => operation.kind === 'input')
  const last = nodes.get(output)
  if (input === undefined || last === undefined || otherInputs.length > 0) throw new WeightsError('the model does not lead from one input to one output')
  return { input, output: last, nodes: built }
}

/** The only layer that reads `node`; undefined at the output. Throws a WeightsError where the network branches. */
export function onlyConsumer ({ layer, consumers }: KerasNode): KerasNode | undefined {
  const [consumer, other] = consumers
  if (consumer !== undefined && other !== undefined) {
    refuse(layer, `is read by ${describe(consumer.layer)} and ${describe(other.layer)}, and only the modules of Xception branch`)
  }
  return consumer
}

interface Building extends KerasNode {
  readonly consumers: Building[]
}

function ancestorsOf (output: FlatLayer): ReadonlySet<FlatLayer> {
  const found = new Set([output])
  // A set's iteration reaches what is added meanwhile.
  for (const layer of found) {
    for (const operand of layer.operands) if ('layer' in operand) found.add(operand.layer)
  }
  return found
}
