import { sizeOf } from '../../model/weights.js'
import type { GraphOp, GraphTensor, ServedGraph, StoredWeight } from '../files/index.js'
import type { FlatLayer, FlatOperand } from '../keras/flat-layer.js'
import { refuse } from '../keras/refusal.js'
import { Constants, type Constant } from './constants.js'
import { describeOp, named, type Operand } from './layers.js'
import { dependenciesOf, type Dependencies } from './order.js'
import { passesOn } from './passing.js'
import { Patterns, type Pattern } from './patterns.js'
import { normalizationLayer, stored, weightedLayer, type Weighted } from './weighted.js'

/** Constants with more numbers are weights, and no scaling of channels. */
const MAX_NUMBERS = 100_000
const CALL = /^(?:Stateful)?PartitionedCall(?:_\d+)?$/
const FUSED_NORMALIZATION = /^FusedBatchNorm(?:V[23])?$/
/** TensorFlow's default. */
const EPSILON = 1e-4

type Made = Omit<FlatLayer, 'name' | 'tensor' | 'place'>

/** Reads a graph's operations as layers. */
export class GraphReader {
  readonly layers: FlatLayer[] = []
  readonly weights = new Map<FlatLayer, readonly StoredWeight[]>()
  private readonly constants: Constants
  private readonly dependencies: Dependencies
  private readonly given = new Map<GraphOp, FlatLayer>()
  private readonly channels = new Map<FlatLayer, number>()

  /** Reads what `output` depends on. */
  constructor (graph: ServedGraph, private readonly output: GraphTensor) {
    const { input, inputShape } = graph
    this.dependencies = dependenciesOf(output.op)
    this.constants = new Constants(graph, this.dependencies.ordered)
    const layer = this.append(input, { className: 'InputLayer', config: {}, keywords: {}, operands: [] })
    this.given.set(input, layer)
    this.channels.set(layer, inputShape?.[3] ?? 3)
  }

  /** The layer that gives the output. Rejects with a WeightsError that names the first operation that is not supported. */
  async read (): Promise<FlatLayer> {
    const { ordered, readers } = this.dependencies
    const patterns = new Patterns(this.constants, (op) => readers.get(op)?.length === 1)
    const found = new Map<GraphOp, Pattern>()
    const takenIn = new Set<GraphOp>()
    for (const op of ordered.toReversed()) {
      const pattern = takenIn.has(op) || this.isConstant(op) ? undefined : patterns.endingIn(op)
      if (pattern === undefined) continue
      found.set(op, pattern)
      for (const other of pattern.others) takenIn.add(other)
    }
    for (const op of ordered) {
      if (!this.given.has(op) && !takenIn.has(op) && !this.isConstant(op)) this.given.set(op, await this.layerOf(op, found.get(op)))
    }
    return this.given.get(this.output.op) ?? refuse(named(this.output.op), 'is the output and does not depend on the picture')
  }

  private isConstant (op: GraphOp): boolean {
    return this.constants.of({ op, index: 0 }) !== undefined
  }

  private async layerOf (op: GraphOp, pattern: Pattern | undefined): Promise<FlatLayer> {
    switch (pattern?.kind) {
      case 'weighted': {
        const input = this.layerAt(op, pattern.input)
        return this.appendWeighted(pattern.op, weightedLayer(pattern, this.channels.get(input)), input)
      }
      case 'normalization': return this.appendWeighted(op, await normalizationLayer(pattern), this.layerAt(op, pattern.input))
      case 'silu': {
        const input = this.layerAt(op, pattern.input)
        return this.append(op, { className: 'Activation', config: { activation: 'silu' }, keywords: {}, operands: [{ layer: input }] })
      }
      case undefined: return FUSED_NORMALIZATION.test(op.op) ? this.fusedNormalization(op) : await this.plain(op)
    }
  }

  private async plain (op: GraphOp): Promise<FlatLayer> {
    const operands = op.inputs.map((input): Operand => {
      const constant = this.constants.of(input)
      return constant === undefined ? { layer: this.layerAt(op, input) } : { constant }
    })
    const [first] = operands
    if (passesOn(op) && first !== undefined && 'layer' in first) return first.layer
    const numbers = (constant: Constant): Promise<number[]> => numbersOf(op, constant)
    const described = await describeOp(op, operands, numbers) ?? refuse(named(op), 'is an operation that the service does not know')
    const flat = await Promise.all(described.operands.map(async (operand): Promise<FlatOperand> => (
      'layer' in operand ? operand : { constant: await numbers(operand.constant) }
    )))
    return this.append(op, { ...described, operands: flat })
  }

  private fusedNormalization (op: GraphOp): FlatLayer {
    const { is_training: isTraining, epsilon } = op.attributes
    const [input, ...others] = op.inputs
    const constants = others.slice(0, 4).flatMap((other) => this.constants.of(other) ?? [])
    // TensorFlow writes `false` as a value that is not there.
    if (isTraining === undefined || isTraining.flag === true || input === undefined || constants.length !== 4) {
      return refuse(named(op), 'takes its statistics from the batch, as in training: export the model as it serves')
    }
    const weights = constants.map((constant) => stored(constant))
    const config = { epsilon: epsilon?.float ?? EPSILON }
    return this.appendWeighted(op, { className: 'BatchNormalization', config, weights }, this.layerAt(op, input))
  }

  private layerAt (reader: GraphOp, { op, index }: GraphTensor): FlatLayer {
    const layer = this.given.get(op) ?? refuse(named(reader), `reads ${op.name}, which is no tensor of the picture`)
    return index === 0 || op.op === 'IdentityN' ? layer : refuse(named(op), 'gives several tensors, and only its first is supported')
  }

  private appendWeighted (op: GraphOp, { className, config, weights, padding }: Weighted, input: FlatLayer): FlatLayer {
    const source = padding === undefined
      ? input
      : this.append(op, { className: 'ZeroPadding2D', config: { padding }, keywords: {}, operands: [{ layer: input }] })
    const layer = this.append(op, { className, config, keywords: {}, operands: [{ layer: source }] })
    this.weights.set(layer, weights)
    return layer
  }

  private append (op: GraphOp, made: Made): FlatLayer {
    const parts = op.name.split('/').filter((part) => !CALL.test(part))
    // The last part is the operation's own.
    const path = parts.length > 1 ? parts.slice(0, parts.at(-2) === 'batchnorm' && parts.length > 2 ? -2 : -1) : parts
    const namePath = path.join('/')
    const name = path.at(-1) ?? op.op
    const layer = { ...made, name, tensor: 0, place: { topLevel: namePath, classPath: namePath, namePath } }
    this.layers.push(layer)
    const channels = this.channelsOf(layer)
    if (channels !== undefined) this.channels.set(layer, channels)
    return layer
  }

  /** Channels that a layer gives; undefined where it is not needed. */
  private channelsOf ({ className, config, keywords, operands }: FlatLayer): number | undefined {
    if (typeof config.filters === 'number') return config.filters
    const given = operands.flatMap((operand) => 'layer' in operand ? [this.channels.get(operand.layer)] : [])
    const [first] = given
    const shape = keywords.shape ?? config.target_shape
    const last: unknown = Array.isArray(shape) ? shape.at(-1) : undefined
    if (typeof last === 'number' && last > 0) return last
    if (className === 'Concatenate') return given.reduce<number>((sum, one) => sum + (one ?? NaN), 0)
    return typeof config.depth_multiplier === 'number' && first !== undefined ? first * config.depth_multiplier : first
  }
}

async function numbersOf (op: GraphOp, constant: Constant): Promise<number[]> {
  if (sizeOf(constant.shape) > MAX_NUMBERS) refuse(named(op), `reads ${constant.shape.join('x')} constant numbers, and they are too many`)
  return Array.from(await constant.read())
}
