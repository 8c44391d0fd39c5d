import type { GraphFunction, MetaGraph, Node, Tensor } from './graph-messages.js'

const ASSIGNMENTS = new Set(['AssignVariableOp', 'Assign'])

/**
 * The checkpoint's keys of a graph's variables, by the names of their nodes: what the graph itself does to restore them says which is
 * which.
 */
export function restoredKeys ({ graph }: MetaGraph): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  const { nodes = [], library } = graph ?? {}
  collect(nodes, (name) => name, keys)
  const functions = new Map((library?.functions ?? []).map((one) => [one.signature.name, one]))
  for (const node of nodes) {
    const called = functions.get(node.attributes.f?.function?.name ?? '')
    if (called?.nodes.some(({ op }) => op === 'RestoreV2') !== true) continue
    collect(called.nodes, (name) => argumentAt(node, called, name), keys)
  }
  return keys
}

function argumentAt (call: Node, { signature }: GraphFunction, name: string): string | undefined {
  const index = signature.inputs.findIndex((argument) => argument.name === name)
  return call.inputs[index]?.split(':')[0]
}

function collect (nodes: readonly Node[], variableOf: (name: string) => string | undefined, keys: Map<string, string>): void {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  for (const { op, inputs: [target = '', value = ''] } of nodes) {
    const variable = ASSIGNMENTS.has(op) ? variableOf(nameOf(target)) : undefined
    const key = variable === undefined ? undefined : keyOf(byName, value)
    if (variable !== undefined && key !== undefined) keys.set(variable, key)
  }
}

/** The key whose tensor a reference gives, through an operation that leaves it as it is. */
function keyOf (nodes: ReadonlyMap<string, Node>, reference: string): string | undefined {
  const direct = nodes.get(nameOf(reference))
  const source = direct?.op === 'Identity' ? direct.inputs[0] ?? '' : reference
  const restore = nodes.get(nameOf(source))
  if (restore?.op !== 'RestoreV2') return undefined
  const names = nodes.get(nameOf(restore.inputs[1] ?? ''))?.attributes.value?.tensor
  return textsOf(names)[Number(source.split(':').slice(1).at(-1) ?? 0)]
}

function textsOf (tensor: Tensor | undefined): string[] {
  return (tensor?.texts ?? []).map((text) => Buffer.from(text).toString('utf8'))
}

function nameOf (reference: string): string {
  return reference.split(':')[0] ?? ''
}
