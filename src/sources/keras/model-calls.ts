import { MAX_LAYERS } from '../../model/limits.js'
import { WeightsError } from '../../model/weights.js'
import type { KerasLayer, KerasModel } from './config.js'
import type { FlatLayer, FlatOperand } from './flat-layer.js'
import type { LayerOutput } from './inbound.js'
import { refuse } from './refusal.js'

/** A layer of a model, and where it is. */
export interface Member {
  readonly layer: KerasLayer
  readonly path: { readonly classes: readonly string[], readonly names: readonly string[] }
}

/** Appends what one call of a layer gives. */
type Append = (member: Member, call: number, operands: readonly FlatOperand[]) => readonly FlatLayer[]

/** The calls of the layers of a functional model, of which a layer may have several. */
export class ModelCalls {
  /** What each call gave, by the layer's name. */
  private readonly known = new Map<string, Array<readonly FlatLayer[]>>()
  private readonly used = new Map<string, { readonly calls: number, readonly tensors: number }>()
  private readonly counts: ReadonlyMap<string, number>

  constructor (model: KerasModel) {
    this.counts = new Map(model.layers.map(({ name, calls }) => [name, calls.length]))
    const operands = model.layers.flatMap(({ calls }) => calls.flatMap((call) => call.operands))
    const outputs = [...operands.flatMap((operand) => 'layer' in operand ? [operand] : []), ...model.outputs]
    for (const { layer, call, tensor } of outputs) {
      const { calls, tensors } = this.used.get(layer) ?? { calls: 0, tensors: 1 }
      this.used.set(layer, { calls: Math.max(calls, call + 1), tensors: Math.max(tensors, tensor + 1) })
    }
  }

  /** How many tensors of a layer are read. */
  tensorsOf (layer: string): number {
    return this.used.get(layer)?.tensors ?? 1
  }

  /** What a call gave; undefined where there is none of it yet. */
  given ({ layer, call, tensor }: LayerOutput): FlatLayer | undefined {
    return this.known.get(layer)?.[this.position(layer, call)]?.[tensor]
  }

  /**
   * Hands over every call in the order of the configuration; one that reads what comes later has to wait for it, as the second call of a
   * layer may. Throws a WeightsError if that never comes.
   */
  inOrder (members: readonly Member[], append: Append): void {
    const callsOf = (member: Member): number => Math.max(1, member.layer.calls.length)
    let waiting = members.flatMap((member) => Array.from({ length: callsOf(member) }, (_, call) => ({ member, call })))
    if (waiting.length > MAX_LAYERS) throw new WeightsError(`the model has more than ${MAX_LAYERS} layers`)
    while (waiting.length > 0) {
      const late = waiting.filter(({ member, call }) => !this.take(member, call, append))
      const [first] = late
      if (first !== undefined && late.length === waiting.length) {
        refuse(first.member.layer, `reads ${this.missing(first.member.layer, first.call)}, which is not before it`)
      }
      waiting = late
    }
  }

  private take (member: Member, call: number, append: Append): boolean {
    const { layer } = member
    const operands = (layer.calls[call]?.operands ?? []).map((operand): FlatOperand | undefined => {
      if ('constant' in operand) return operand
      const source = this.given(operand)
      return source === undefined ? undefined : { layer: source }
    })
    if (!operands.every((operand) => operand !== undefined)) return false
    const given = this.known.get(layer.name) ?? []
    given[call] = append(member, call, operands)
    this.known.set(layer.name, given)
    return true
  }

  private missing (layer: KerasLayer, call: number): string {
    const operand = layer.calls[call]?.operands.find((one) => 'layer' in one && this.given(one) === undefined)
    return operand !== undefined && 'layer' in operand ? operand.layer : 'a layer'
  }

  /** Where a model that is called counts its calls from 1, Keras has its own construction as the first. */
  private position (layer: string, call: number): number {
    const beyond = (this.used.get(layer)?.calls ?? 0) - Math.max(1, this.counts.get(layer) ?? 0)
    return call - Math.max(0, beyond)
  }
}
