import { MAX_LAYERS } from '../../model/limits.js'
import { WeightsError } from '../../model/weights.js'
import type { KerasLayer, KerasModel } from './config.js'
import type { FlatLayer, FlatOperand } from './flat-layer.js'
import type { Listed } from './inbound.js'
import { ModelCalls, type Member } from './model-calls.js'
import { refuse } from './refusal.js'

/** Calls of layers, those of inputs included, far above what models have. */
const MAX_CALLS = 10 * MAX_LAYERS

export type { FlatLayer, FlatOperand }

/** Names of old versions, and of kinds that differ in training alone. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['BatchNormalizationV1', 'BatchNormalization'], ['BatchNormalizationV2', 'BatchNormalization'],
  ['SyncBatchNormalization', 'BatchNormalization']
])

/** What an input layer states. */
export interface StatedShape {
  /** [batch, height, width, channels] of a picture's; not validated. */
  readonly shape: unknown
  /** What feeds it; undefined for the outermost input. */
  readonly source: FlatLayer | undefined
}

export interface FlatModel {
  /** In the order of the configuration as far as that is topological. */
  readonly layers: readonly FlatLayer[]
  readonly output: FlatLayer
  /** Shapes of the model's input and of those of its nested models, outermost first. */
  readonly inputShapes: readonly StatedShape[]
}

/**
 * Replaces nested models by their layers, and a layer that is called several times by one for each call. `served` is the output that is
 * taken of a functional model.
 * Throws a WeightsError if the model has several inputs, or if a layer reads what nothing gives.
 */
export function flatten (model: KerasModel, served: Listed | undefined): FlatModel {
  if (model.inputs.length > 1) fail('the model has several inputs, and an image classifier has one')
  const flattening = new Flattening()
  const [output] = flattening.model(served === undefined ? model : { ...model, outputs: [served] }, undefined, [], ROOT)
  if (output === undefined) return fail('the model names no output among its layers')
  return { layers: flattening.layers, output, inputShapes: flattening.inputShapes }
}

interface Path {
  readonly classes: readonly string[]
  readonly names: readonly string[]
}
const ROOT: Path = { classes: [], names: [] }

class Flattening {
  readonly layers: FlatLayer[] = []
  readonly inputShapes: StatedShape[] = []
  private calls = 0

  /** Appends a model's layers; `inputs` is what feeds it, nothing for the outermost. Returns those that give its outputs. */
  model (model: KerasModel, self: KerasLayer | undefined, inputs: readonly FlatLayer[], path: Path): readonly FlatLayer[] {
    const numbering = new Numbering()
    const members = model.layers.map((layer) => ({
      layer, path: { classes: [...path.classes, numbering.next(snakeCase(layer.className))], names: [...path.names, layer.name] }
    }))
    if (model.kind === 'sequential') return [this.sequential(model, members, inputs)]
    const calls = new ModelCalls(model)
    const inputOf = (name: string): FlatLayer | undefined => inputs[Math.max(0, model.inputs.findIndex(({ layer }) => layer === name))]
    calls.inOrder(members, ({ layer, path: ownPath }, call, operands) => {
      const read = layer.className === 'InputLayer' ? inputOf(layer.name) : undefined
      return this.called(layer, call, operands, read, calls.tensorsOf(layer.name), ownPath)
    })
    return model.outputs.map((output) => (
      calls.given(output) ?? fail(`the model${self === undefined ? '' : ` ${self.name}`} names no output among its layers`)
    ))
  }

  private sequential (model: KerasModel, members: readonly Member[], inputs: readonly FlatLayer[]): FlatLayer {
    let [last] = inputs
    for (const { layer, path } of members) {
      if (last === undefined && layer.className !== 'InputLayer') last = this.implicitInput(model, layer)
      const operands = last === undefined ? [] : [{ layer: last }]
      ;[last] = this.called(layer, 0, operands, layer.className === 'InputLayer' ? inputs[0] : undefined, 1, path)
    }
    return last ?? fail('the model names no output among its layers')
  }

  /** What one call of a layer gives, so many tensors. */
  private called (
    layer: KerasLayer, call: number, operands: readonly FlatOperand[], outerInput: FlatLayer | undefined, tensors: number, path: Path
  ): readonly FlatLayer[] {
    // Models may nest that have no layers to count.
    if (++this.calls > MAX_CALLS) fail(`the model calls layers more than ${MAX_CALLS} times`)
    if (layer.className === 'InputLayer') {
      this.inputShapes.push({ shape: layer.config.batch_shape ?? layer.config.batch_input_shape, source: outerInput })
      return [outerInput ?? this.append(layer, call, [], path)]
    }
    if (layer.model === undefined) {
      return Array.from({ length: tensors }, (_, tensor) => this.append(layer, call, operands, path, tensor))
    }
    const inputs = operands.flatMap((operand) => 'layer' in operand ? [operand.layer] : [])
    const wanted = Math.max(1, layer.model.inputs.length)
    if (inputs.length !== operands.length || inputs.length !== wanted) {
      refuse(layer, wanted === 1 ? 'is a model that is not called with one tensor' : `is a model that is not called with ${wanted} tensors`)
    }
    return this.model(layer.model, layer, inputs, path)
  }

  /** A Sequential's first layer, or its build, states the input's shape where it has no input layer. */
  private implicitInput (model: KerasModel, first: KerasLayer): FlatLayer {
    this.inputShapes.push({ shape: first.config.batch_input_shape ?? model.buildInputShape, source: undefined })
    const input = { name: 'input', className: 'InputLayer', config: {}, calls: [], model: undefined }
    return this.append(input, 0, [], { classes: ['input_layer'], names: ['input'] })
  }

  private append (
    { name, className, config, calls }: KerasLayer, call: number, operands: readonly FlatOperand[], { classes, names }: Path, tensor = 0
  ): FlatLayer {
    const place = { topLevel: names[0] ?? name, classPath: classes.join('/'), namePath: names.join('/') }
    const keywords = calls[call]?.keywords ?? {}
    const layer = { name, className: ALIASES.get(className) ?? className, config, operands, keywords, tensor, place }
    if (this.layers.push(layer) > MAX_LAYERS) throw new WeightsError(`the model has more than ${MAX_LAYERS} layers`)
    return layer
  }
}

function fail (reason: string): never {
  throw new WeightsError(reason)
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
