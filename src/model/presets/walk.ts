import { NetworkBuilder } from '../network-builder.js'
import type { Activation, Network, NetworkInput, Operation, OperationOf, Padding, Shape, Sides } from '../network.js'

/** A square window has one number for both sides. */
export interface Window {
  readonly kernel: number | Sides
  readonly stride?: number
  readonly padding?: Padding
}

/** Names of weights by role, where they are not `<layer>/<role>`. */
type WeightNames = Readonly<Record<string, string>>

/** How a network's batch normalizations are. */
export interface Normalization {
  readonly epsilon: number
  readonly scale: boolean
}

/** Epsilon and scale as Keras has them unless something else is said. */
export const PLAIN_NORMALIZATION: Normalization = { epsilon: 1e-3, scale: true }

export const RELU: Activation = { function: 'relu' }

/** Appends layers one by one, each to the last unless another input is named; methods return the name of the layer with the result. */
export class Walk {
  private readonly builder: NetworkBuilder
  private place: { readonly module?: string, readonly flow?: string } = {}

  constructor (input: NetworkInput, private readonly normalization = PLAIN_NORMALIZATION) {
    this.builder = new NetworkBuilder(input)
  }

  /** The numbered group and the flow that the next layers belong to. */
  enter (module: string | undefined, flow?: 'entry' | 'middle' | 'exit' | 'head'): void {
    this.place = { ...module === undefined ? {} : { module }, ...flow === undefined ? {} : { flow } }
  }

  /** Name of the numbered group. */
  get module (): string {
    return this.place.module ?? ''
  }

  get last (): string {
    return this.builder.last
  }

  shapeOf (name: string): Shape {
    return this.builder.shapeOf(name)
  }

  build (): Network {
    return this.builder.build()
  }

  add (name: string, operation: Operation, inputs: string[] = [this.last], weightNames?: WeightNames): string {
    return this.builder.add({ name, operation, inputs, ...this.place, ...weightNames === undefined ? {} : { weightNames } })
  }

  activation (name: string, activation: Activation): string {
    return this.add(name, { kind: 'activation', activation })
  }

  /** An activation as an architecture names it; linear is no layer. */
  named (name: string, activation: 'linear' | 'relu' | 'elu' | 'sigmoid' | 'softmax'): void {
    if (activation !== 'linear') this.activation(name, activation === 'elu' ? { function: 'elu', alpha: 1 } : { function: activation })
  }

  batchNormalization (name: string, epsilon = this.normalization.epsilon): string {
    return this.add(name, { kind: 'batchNormalization', epsilon, scale: this.normalization.scale, center: true })
  }

  /** A standard convolution alone, without bias. */
  bareConvolution (name: string, filters: number, window: Window, input = this.last, weightNames?: WeightNames): string {
    return this.add(name, { kind: 'convolution', filters, groups: 1, bias: false, ...windowOf(window) }, [input], weightNames)
  }

  /** A standard convolution and its batch normalization. */
  convolution (name: string, filters: number, window: Window, input = this.last): string {
    this.bareConvolution(name, filters, window, input)
    return this.batchNormalization(`${name}_bn`)
  }

  /** A standard convolution, its batch normalization and a non-linearity. */
  activatedConvolution (name: string, filters: number, window: Window, input = this.last, activation = RELU): string {
    this.convolution(name, filters, window, input)
    return this.activation(`${name}_${activation.function}`, activation)
  }

  /** One spatial convolution a channel, without bias. */
  depthwiseConvolution (name: string, window: Window, weightNames?: WeightNames): string {
    return this.add(name, { kind: 'depthwiseConvolution', bias: false, ...windowOf(window) }, [this.last], weightNames)
  }

  /** A depthwise separable convolution alone, without bias. */
  separableConvolution (name: string, filters: number, window: Window): string {
    return this.add(name, { kind: 'separableConvolution', filters, bias: false, ...windowOf(window) })
  }

  /** Global average pooling, a dense layer and softmax, or sigmoid. */
  classifier (classes: number, ending: 'softmax' | 'sigmoid' = 'softmax'): void {
    this.enter(undefined, 'head')
    this.add('avg_pool', { kind: 'globalAveragePooling', keepDimensions: false })
    this.add('predictions', { kind: 'dense', units: classes, bias: true })
    this.activation(`predictions_${ending}`, { function: ending })
  }
}

function windowOf (window: Window): Pick<OperationOf<'convolution'>, 'kernel' | 'strides' | 'dilation' | 'padding'> {
  const { kernel, stride = 1, padding = 'same' } = window
  const sides = typeof kernel === 'number' ? [kernel, kernel] as const : kernel
  return { kernel: [...sides], strides: [stride, stride], dilation: [1, 1], padding }
}
