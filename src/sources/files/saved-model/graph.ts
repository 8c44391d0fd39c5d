import { OperatorError } from '../../../base/errors.js'
import type { Attribute, GraphFunction, Node } from './graph-messages.js'

export { TYPES, type Tensor } from './graph-messages.js'

/** One operation of a graph whose functions are put in where they are called. */
export interface GraphOp {
  readonly op: string
  /** With the names of the calls around it, joined by slashes. */
  readonly name: string
  readonly inputs: readonly GraphTensor[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** What an operation gives: the first of its tensors has the number 0. */
export interface GraphTensor {
  readonly op: GraphOp
  readonly index: number
}

/** Far above what networks have: InceptionResNetV2 has some 5,000. */
const MAX_OPS = 200_000
/** Keras 2 nests a call a model and a call a layer. */
const MAX_CALLS_DEEP = 32
const CALLS = new Set(['PartitionedCall', 'StatefulPartitionedCall'])
/** The one tensor that is read of these, by its name; the others are of their training. */
const FIRST_OF_SEVERAL = new Set(['y', 'output', 'activations'])
const NOT_FIRST = 1_000_000

type Nodes = ReadonlyMap<string, Node>

/** A graph's operations, as far as they are asked for. */
export class GraphOps {
  private readonly functions: ReadonlyMap<string, GraphFunction & { readonly byName: Nodes }>
  private readonly main: Scope
  private count = 0

  constructor (nodes: readonly Node[], functions: readonly GraphFunction[]) {
    this.functions = new Map(functions.map((one) => [one.signature.name, { ...one, byName: byName(one.nodes) }]))
    this.main = new Scope(byName(nodes), new Map(), '', 0)
  }

  /** What a reference such as `StatefulPartitionedCall:0` gives. Throws an OperatorError if nothing gives it. */
  tensor (reference: string): GraphTensor {
    return this.build(this.main, reference)
  }

  private build (scope: Scope, reference: string): GraphTensor {
    for (const node of scope.inOrder(reference)) {
      if (++this.count > MAX_OPS) throw new OperatorError(`its graph has more than ${MAX_OPS} operations`)
      const inputs = dataInputs(node).map((input) => scope.tensor(input))
      scope.given.set(node.name, this.outputsOf(scope, node, inputs))
    }
    return scope.tensor(reference)
  }

  /** By the number of the tensor. */
  private outputsOf (scope: Scope, node: Node, inputs: readonly GraphTensor[]): (index: number) => GraphTensor | undefined {
    const called = this.functions.get(CALLS.has(node.op) ? node.attributes.f?.function?.name ?? '' : node.op)
    const name = scope.prefix + node.name
    if (called === undefined) {
      const op: GraphOp = { op: node.op, name, inputs, attributes: node.attributes }
      return (index) => ({ op, index })
    }
    if (scope.depth >= MAX_CALLS_DEEP) throw new OperatorError(`its functions call each other more than ${MAX_CALLS_DEEP} deep`)
    const { signature, byName: nodes, returns } = called
    const given = new Map(signature.inputs.flatMap((argument, index) => {
      const tensor = inputs[index]
      return tensor === undefined ? [] : [[argument.name, tensor] as const]
    }))
    const inner = new Scope(nodes, given, `${name}/`, scope.depth + 1)
    const outputs = new Map<number, GraphTensor>()
    return (index) => {
      const known = outputs.get(index)
      const reference = returns[signature.outputs[index]?.name ?? '']
      if (known !== undefined || reference === undefined) return known
      const tensor = this.build(inner, reference)
      outputs.set(index, tensor)
      return tensor
    }
  }
}

/** The nodes of the graph, or of one call of a function. */
class Scope {
  readonly given = new Map<string, (index: number) => GraphTensor | undefined>()

  constructor (
    private readonly nodes: Nodes,
    private readonly parameters: ReadonlyMap<string, GraphTensor>,
    readonly prefix: string,
    readonly depth: number
  ) {}

  tensor (reference: string): GraphTensor {
    const { name, index } = parsed(reference)
    const tensor = this.parameters.get(name) ?? this.given.get(name)?.(index)
    if (tensor === undefined) throw new OperatorError(`nothing in its graph gives ${reference}`)
    return tensor
  }

  /** The nodes that have to be there for a tensor and are not yet, each behind what it reads. */
  inOrder (reference: string): Node[] {
    const ordered: Node[] = []
    const states = new Map<string, 'open' | 'done'>()
    const stack = [parsed(reference).name]
    for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
      const node = this.nodes.get(name)
      const isThere = node === undefined || this.parameters.has(name) || this.given.has(name) || states.get(name) === 'done'
      if (isThere) stack.pop()
      else if (states.get(name) === 'open') {
        states.set(name, 'done')
        ordered.push(node)
        stack.pop()
      } else {
        states.set(name, 'open')
        for (const input of dataInputs(node)) {
          const source = parsed(input).name
          if (states.get(source) === 'open') throw new OperatorError(`its graph has a loop through ${source}`)
          stack.push(source)
        }
      }
    }
    return ordered
  }
}

function byName (nodes: readonly Node[]): Nodes {
  return new Map(nodes.map((node) => [node.name, node]))
}

/** Without those that only order what happens. */
function dataInputs ({ inputs }: Node): string[] {
  return inputs.filter((input) => !input.startsWith('^'))
}

/** `name`, `name:1` in a graph; `name:output:1` in a function. */
function parsed (reference: string): { readonly name: string, readonly index: number } {
  const [name = '', output, number] = reference.split(':')
  if (number === undefined) return { name, index: output === undefined ? 0 : Number(output) }
  const isOfOthers = Number(number) === 0 && !FIRST_OF_SEVERAL.has(output ?? '') && /^(batch|reserve|argmax)/.test(output ?? '')
  return { name, index: isOfOthers ? NOT_FIRST : Number(number) }
}
