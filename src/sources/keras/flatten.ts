import { MAX_LAYERS } from '../../model/limits.js'
import { WeightsError } from '../../model/weights.js'
import type { KerasLayer, KerasModel } from './config.js'
import { refuse } from './refusal.js'

/** An operand after flattening: the layer that is read, or a constant. */
export type FlatOperand =
  | { readonly layer: FlatLayer }
  | { readonly constant: unknown }

/** A layer of a model whose nested models are flattened. */
export interface FlatLayer {
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  readonly operands: readonly FlatOperand[]
  /** What it is called with by name, such as `alpha`. */
  readonly keywords: Readonly<Record<string, unknown>>
  readonly place: Place
}

/** Where a file keeps a layer's weights. */
export interface Place {
  /** Name of the outermost model's layer that it is or is part of: the group of a legacy HDF5 file. */
  readonly topLevel: string
  /** Path in a Keras 3 file: the containers' and its own class names, numbered within each container. */
  readonly classPath: string
  /** The same path made of names. */
  readonly namePath: string
}

/** What an input layer states. */
export interface StatedShape {
  /** [batch, height, width, channels] of a picture's; not validated. */
  readonly shape: unknown
  /** What feeds it; undefined for the outermost input. */
  readonly source: FlatLayer | undefined
}

export interface FlatModel {
  /** In the order of the configuration, which is topological. */
  readonly layers: readonly FlatLayer[]
  readonly output: FlatLayer
  /** Of the model's input and those of its nested models, outermost first. */
  readonly inputShapes: readonly StatedShape[]
}

/**
 * Replaces nested models by their layers.
 * Throws a WeightsError if a model has several inputs or outputs, if a layer is used twice or reads what does not come before it.
 */
export function flatten (model: KerasModel): FlatModel {
  const flattening = new Flattening()
  const output = flattening.model(model, undefined, undefined, { classes: [], names: [] })
  return { layers: flattening.layers, output, inputShapes: flattening.inputShapes }
}

interface Path {
  readonly classes: readonly string[]
  readonly names: readonly string[]
}

class Flattening {
  readonly layers: FlatLayer[] = []
  readonly inputShapes: StatedShape[] = []

  /** Appends a model's layers; `input` is what the outer model feeds it. Returns the layer that gives its output. */
  model (model: KerasModel, self: KerasLayer | undefined, input: FlatLayer | undefined, path: Path): FlatLayer {
    const count = Math.max(model.inputs.length, model.outputs.length)
    if (count > 1) {
      const which = self === undefined ? 'the model' : `the model ${self.name}`
      throw new WeightsError(`${which} has several inputs or outputs, and an image classifier has one of each`)
    }
    const known = new Map<string, FlatLayer>()
    const number = new Numbering()
    let last = input
    for (const layer of model.layers) {
      const place = { classes: [...path.classes, number.next(snakeCase(layer.className))], names: [...path.names, layer.name] }
      if (model.kind === 'sequential' && last === undefined && layer.className !== 'InputLayer') last = this.implicitInput(model, layer)
      const operands = model.kind === 'sequential' ? chained(last) : functional(layer, known)
      last = this.layer(layer, operands, layer.className === 'InputLayer' ? input : undefined, place)
      known.set(layer.name, last)
    }
    const output = model.kind === 'sequential' ? last : known.get(model.outputs[0] ?? '')
    if (output === undefined) {
      throw new WeightsError(`the model${self === undefined ? '' : ` ${self.name}`} names no output among its layers`)
    }
    return output
  }

  private layer (layer: KerasLayer, operands: readonly FlatOperand[], outerInput: FlatLayer | undefined, path: Path): FlatLayer {
    if (layer.className === 'InputLayer') {
      this.inputShapes.push({ shape: layer.config.batch_shape ?? layer.config.batch_input_shape, source: outerInput })
      return outerInput ?? this.append(layer, [], path)
    }
    if (layer.model === undefined) return this.append(layer, operands, path)
    const [operand, ...more] = operands
    if (operand === undefined || !('layer' in operand) || more.length > 0) refuse(layer, 'is a model that is not called with one tensor')
    return this.model(layer.model, layer, operand.layer, path)
  }

  /** A Sequential's first layer, or its build, states the input's shape where it has no input layer. */
  private implicitInput (model: KerasModel, first: KerasLayer): FlatLayer {
    this.inputShapes.push({ shape: first.config.batch_input_shape ?? model.buildInputShape, source: undefined })
    const input = { name: 'input', className: 'InputLayer', config: {}, calls: [], model: undefined }
    return this.append(input, [], { classes: ['input_layer'], names: ['input'] })
  }

  private append ({ name, className, config, calls }: KerasLayer, operands: readonly FlatOperand[], { classes, names }: Path): FlatLayer {
    const place = { topLevel: names[0] ?? name, classPath: classes.join('/'), namePath: names.join('/') }
    const layer = { name, className, config, operands, keywords: calls[0]?.keywords ?? {}, place }
    if (this.layers.push(layer) > MAX_LAYERS) throw new WeightsError(`the model has more than ${MAX_LAYERS} layers`)
    return layer
  }
}

function chained (last: FlatLayer | undefined): FlatOperand[] {
  return last === undefined ? [] : [{ layer: last }]
}

function functional (layer: KerasLayer, known: ReadonlyMap<string, FlatLayer>): FlatOperand[] {
  const [call, ...others] = layer.calls
  if (others.length > 0) refuse(layer, `is used ${layer.calls.length} times, and only layers that are used once are supported`)
  return (call?.operands ?? []).map((operand) => {
    if ('constant' in operand) return operand
    const source = known.get(operand.layer)
    if (source === undefined) refuse(layer, `reads ${operand.layer}, which is not before it`)
    return { layer: source }
  })
}

/** Numbers names as Keras 3 does within a container: conv2d, conv2d_1, conv2d_2. */
class Numbering {
  private readonly used = new Map<string, number>()

  next (name: string): string {
    const count = this.used.get(name) ?? 0
    this.used.set(name, count + 1)
    return count === 0 ? name : `${name}_${count}`
  }
}

/** As Keras spells class names in files: SeparableConv2D is separable_conv2d. */
function snakeCase (className: string): string {
  const name = className === 'Model' ? 'Functional' : className
  return name.replace(/\W+/g, '').replace(/(.)([A-Z][a-z]+)/g, '$1_$2').replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
}
