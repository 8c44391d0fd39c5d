import { channelsOf } from '../../model/shapes.js'
import type { Layer, Shape } from '../../model/network.js'
import type { Weights } from '../../model/weights.js'
import type { Precision } from '../precision.js'
import type { StepList } from '../steps.js'
import { weightOf } from '../weight-of.js'

/**
 * What a layer gave. A feature map is kept in the form that its op gave, [batch, height, width, channels] or, after a
 * MatMul, [batch * height * width, channels]; element-wise ops run on either, so few reshapes are needed. A vector has rows.
 */
export interface Value {
  readonly step: string
  readonly shape: Shape
  readonly form: 'spatial' | 'rows'
  readonly type: Precision
}

/** Steps that bring values and weights into the form and type that an op needs, each made once. */
export class Values {
  private readonly made = new Map<string, string>()

  constructor (readonly steps: StepList, readonly precision: Precision, readonly weights: Weights) {}

  spatial (value: Value): Value {
    if (value.form === 'spatial') return value
    const reshape = (name: string): string => this.steps.reshape(name, value.step, value.type, [-1, ...value.shape])
    const step = this.once(`${value.step}/spatial`, value.shape.join('x'), reshape)
    return { ...value, step, form: 'spatial' }
  }

  rows (value: Value): Value {
    if (value.form === 'rows') return value
    const channels = channelsOf(value.shape)
    const step = this.once(`${value.step}/rows`, `${channels}`, (name) => this.steps.reshape(name, value.step, value.type, [-1, channels]))
    return { ...value, step, form: 'rows' }
  }

  ofType (value: Value, type: Precision): Value {
    if (value.type === type) return value
    return { ...value, step: this.once(`${value.step}/${type}`, type, (name) => this.steps.cast(name, value.step, value.type, type)), type }
  }

  /** Values of one type: their own, or the precision where they differ. */
  ofOneType (values: readonly Value[]): readonly Value[] {
    const isMixed = values.some(({ type }) => type !== values[0]?.type)
    return isMixed ? values.map((value) => this.ofType(value, this.precision)) : values
  }

  /** A weight as a constant; `shape` is its own unless stated. */
  weight (layer: Layer, role: string, type: Precision, shape?: readonly number[]): string {
    const tensor = weightOf(layer, role, this.weights)
    return this.once(`${layer.name}/${role}`, type, (name) => this.steps.numbers(name, type, shape ?? tensor.shape, tensor.data))
  }

  /** The layer's bias added, where it has one. */
  biased (layer: Layer, product: string, type: Precision): string {
    if (!('bias' in layer.operation && layer.operation.bias)) return product
    return this.steps.add(`${layer.name}/biased`, type, [product, this.weight(layer, 'bias', type)], { op: 'BiasAdd' })
  }

  private once (name: string, variant: string, make: (name: string) => string): string {
    const key = `${name} ${variant}`
    const step = this.made.get(key) ?? make(name)
    this.made.set(key, step)
    return step
  }
}
