import type { Precision } from '../../compiler/precision.js'
import type { StepList } from '../../compiler/steps.js'
import { describeLayer, type Layer, type Shape } from '../../model/network.js'
import type { Variable, Variables } from './variables.js'

/**
 * What a layer gave, [batch, ...shape], but for the last dimension, which is `channels` long: the kernels of oneDNN, that of batch
 * normalization above all, are many times slower where it is no multiple of a vector's length. What goes beyond the shape is without
 * meaning, and all weights for it are 0.
 */
export interface Value {
  readonly step: string
  readonly shape: Shape
  readonly channels: number
  readonly type: Precision
}

/** Channels to a multiple of which feature maps are brought: the numbers that a vector of 256 bits of its type holds. */
const CHANNEL_MULTIPLE: Readonly<Record<Precision, number>> = { float32: 8, bfloat16: 16 }

/** What a layer gave, and how it hands on the gradient of the loss by that, which has its dimensions and type. */
export interface Differentiable {
  readonly value: Value
  readonly backward: (gradient: string) => void
}

interface PassOptions {
  readonly steps: StepList
  readonly variables: Variables
  /** What feature maps are in; vectors are float32. */
  readonly precision: Precision
  /** Images of a run; -1 where only the run knows, which leaves no way back. */
  readonly batch: number
}

/** One way through the network and back: what its layers share, and the gradients as they are found. */
export class Pass {
  readonly steps: StepList
  readonly variables: Variables
  readonly precision: Precision
  readonly batch: number
  /** Casts and changes of size, each made once. */
  private readonly made = new Map<string, string>()
  private readonly byLayer = new Map<string, Array<{ readonly step: string, readonly type: Precision }>>()
  private readonly byVariable = new Map<string, string>()

  constructor (options: PassOptions) {
    this.steps = options.steps
    this.variables = options.variables
    this.precision = options.precision
    this.batch = options.batch
  }

  /** A value in another type, cast once. */
  ofType (value: Value, type: Precision): Value {
    return { ...value, step: this.cast(value.step, value.type, type), type }
  }

  cast (step: string, from: Precision, to: Precision): string {
    if (from === to) return step
    const key = `${step} ${to}`
    const cast = this.made.get(key) ?? this.steps.cast(`${step.replace(':', '_')}/${to}`, step, from, to)
    this.made.set(key, cast)
    return cast
  }

  variable (layer: Layer, role: string): Variable {
    const spec = layer.weights.find((weight) => weight.role === role)
    if (spec === undefined) throw new Error(`${describeLayer(layer)} has no weight called ${role}`)
    return this.variables.get(spec.name, spec.shape)
  }

  /** Channels that a map of this type has at least, to be computed fast. */
  alignedCount (channels: number, type = this.precision): number {
    const multiple = CHANNEL_MULTIPLE[type]
    return Math.ceil(channels / multiple) * multiple
  }

  /** A weight as a layer of maps reads it: in their type, and filled up with zeros to `shape`, or as it is. */
  weight (layer: Layer, role: string, type: Precision, shape?: readonly number[]): string {
    const variable = this.variable(layer, role)
    return this.cast(this.resized(variable.value, 'float32', variable.shape, shape ?? variable.shape), 'float32', type)
  }

  /** Takes the gradient by a weight, of the shape that `weight` gave it. */
  learn (layer: Layer, role: string, gradient: string, type: Precision, shape?: readonly number[]): void {
    const variable = this.variable(layer, role)
    const cast = this.cast(gradient, type, 'float32')
    this.byVariable.set(variable.name, this.resized(cast, 'float32', shape ?? variable.shape, variable.shape))
  }

  /** A value with another number of channels: zeros are added, or the last are left out. */
  withChannels (value: Value, channels: number): Value {
    return { ...value, step: this.rechanneled(value.step, value, channels), channels }
  }

  /** The same of any step that gives what has a value's dimensions, such as the gradient by it. */
  rechanneled (step: string, value: Value, channels: number): string {
    const shape = (count: number): number[] => [this.batch, ...value.shape.slice(0, -1), count]
    return this.resized(step, value.type, shape(value.channels), shape(channels))
  }

  /** Zeros after, or nothing of the end of, each dimension that differs. */
  resized (step: string, type: Precision, from: readonly number[], to: readonly number[]): string {
    if (from.every((size, axis) => size === to[axis])) return step
    const name = `${step.replace(':', '_')}/${to.join('x')}`
    const known = this.made.get(name)
    if (known !== undefined) return known
    const grows = to.reduce((sum, size) => sum + size, 0) > from.reduce((sum, size) => sum + size, 0)
    const resized = grows ? this.grown(name, step, type, from, to) : this.steps.slice(name, step, type, from.map(() => 0), to)
    this.made.set(name, resized)
    return resized
  }

  /** Takes a part of the gradient by what the layer reads, which is computed only if something before it learns. */
  handBack (layer: Layer, type: Precision, gradient: () => string, index = 0): void {
    const source = layer.inputs[index]
    if (source === undefined) throw new Error(`${describeLayer(layer)} reads nothing`)
    const parts = this.byLayer.get(source)
    parts?.push({ step: gradient(), type })
  }

  /** What these layers gave has a gradient. */
  follow (layers: readonly Layer[]): void {
    for (const { name } of layers) this.byLayer.set(name, [])
  }

  /** The gradient by what a layer gave, from all who read it; undefined where nobody did. */
  gradientOf (layer: Layer, type: Precision): string | undefined {
    const parts = (this.byLayer.get(layer.name) ?? []).map((part) => this.cast(part.step, part.type, type))
    if (parts.length === 0) return undefined
    return parts.reduce((sum, part, index) => this.steps.binary(`${layer.name}/gradient_${index}`, 'AddV2', sum, part, type))
  }

  /** With `Pad`, TensorFlow 2.21 would take a padded kernel for a padded input, merge it with the convolution and abort. */
  private grown (name: string, step: string, type: Precision, from: readonly number[], to: readonly number[]): string {
    const amounts = this.steps.integers(`${name}/amounts`, from.flatMap((size, axis) => [0, (to[axis] ?? size) - size]), [from.length, 2])
    const zero = this.steps.numbers(`${name}/zero`, type, [], Float32Array.of(0))
    return this.steps.add(name, type, [step, amounts, zero], { op: 'PadV2' })
  }

  /** Gradients by the names of the variables, float32. */
  get gradients (): ReadonlyMap<string, string> {
    return this.byVariable
  }
}
