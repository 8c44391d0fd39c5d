import type { GraphOp } from '../files/index.js'

/** What a tensor depends on. */
export interface Dependencies {
  /** Each behind what it reads. */
  readonly ordered: readonly GraphOp[]
  /** The operations that read one, once for each time. */
  readonly readers: ReadonlyMap<GraphOp, readonly GraphOp[]>
}

/** All operations that the last one depends on. */
export function dependenciesOf (last: GraphOp): Dependencies {
  const ordered: GraphOp[] = []
  const readers = new Map<GraphOp, GraphOp[]>([[last, []]])
  const stack: Array<{ readonly op: GraphOp, next: number }> = [{ op: last, next: 0 }]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const source = top.op.inputs[top.next++]?.op
    if (source === undefined) {
      ordered.push(top.op)
      stack.pop()
      continue
    }
    const known = readers.get(source)
    if (known === undefined) stack.push({ op: source, next: 0 })
    readers.set(source, [...known ?? [], top.op])
  }
  return { ordered, readers }
}
