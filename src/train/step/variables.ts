import type { StepList } from '../../compiler/steps.js'

/** Float32 numbers that stay between the runs of a graph. */
export interface Variable {
  readonly name: string
  readonly shape: readonly number[]
  /** The step that ops which change it read. */
  readonly handle: string
  /** The step that gives what it holds. */
  readonly value: string
}

/** The variables of one graph, each made when it is first asked for. */
export class Variables {
  private readonly made = new Map<string, Variable>()

  constructor (private readonly steps: StepList) {}

  get (name: string, shape: readonly number[]): Variable {
    const known = this.made.get(name)
    if (known !== undefined) return known
    const handle = this.steps.add(`variables/${name}`, 'float32', [], { op: 'VarHandleOp', shape, shared: name })
    const value = this.steps.add(`variables/${name}/value`, 'float32', [handle], { op: 'ReadVariableOp' })
    const variable = { name, shape, handle, value }
    this.made.set(name, variable)
    return variable
  }

  all (): Variable[] {
    return [...this.made.values()]
  }
}
