import type { Activation, HeadLayer } from '../../model/architecture.js'
import { WeightsError } from '../../model/weights.js'
import { describe, refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'
import { onlyConsumer, type KerasNode } from './network.js'

export interface Head {
  /** Up to what the file's last layer gives, which may be logits. */
  readonly layers: readonly HeadLayer[]
  /** The file's layer for each head layer that has weights, by name. */
  readonly weighted: ReadonlyMap<string, FlatLayer>
  /** Number of values of the output. */
  readonly units: number
  readonly lastLayer: FlatLayer
}

const AFTER_MODULES = 'after the last module only global pooling, Flatten, Dense, BatchNormalization, activations and Dropout are supported'

/** Follows the layers after the last module. Throws a WeightsError if one is not supported there, or if they do not classify. */
export function headFrom (last: KerasNode, output: KerasNode): Head {
  const reader = new HeadReader()
  let node = last
  for (let next = onlyConsumer(node); next !== undefined; next = onlyConsumer(next)) {
    reader.add(next)
    node = next
  }
  if (node !== output) throw new WeightsError(`${describe(node.layer)} is the last of its path and is not the model's output`)
  const { units } = reader
  if (units === undefined) throw new WeightsError('the model has no classifier: it ends without a Dense layer (was it saved with include_top=False?)')
  return { layers: reader.layers, weighted: reader.weighted, units, lastLayer: node.layer }
}

class HeadReader {
  readonly layers: HeadLayer[] = []
  readonly weighted = new Map<string, FlatLayer>()
  /** Of the last Dense layer. */
  units: number | undefined
  private isVector = false

  add ({ layer, operation }: KerasNode): void {
    switch (operation.kind) {
      case 'globalAveragePooling': case 'globalMaxPooling':
        if (this.isVector) refuse(layer, 'pools a vector: it must come before Flatten and Dense')
        this.isVector = true
        this.layers.push({ type: operation.kind })
        break
      case 'flatten':
        // Flattening a vector changes nothing.
        if (!this.isVector) this.layers.push({ type: 'flatten' })
        this.isVector = true
        break
      case 'dense':
        if (!this.isVector) refuse(layer, 'reads a feature map: a global pooling or Flatten must come before it')
        this.layers.push({ type: 'dense', name: this.named(layer), units: operation.units, activation: operation.activation })
        this.units = operation.units
        break
      case 'batchNormalization':
        this.layers.push({ type: 'batchNormalization', name: this.named(layer), epsilon: operation.epsilon })
        break
      case 'activation':
        this.layers.push({ type: 'activation', activation: operation.activation })
        break
      default: refuse(layer, `is in the wrong place: ${AFTER_MODULES}`)
    }
  }

  private named (layer: FlatLayer): string {
    const name = headLayerName(layer.name, new Set(this.weighted.keys()))
    this.weighted.set(name, layer)
    return name
  }
}

/** A name for a head layer like the file's, that neither another one nor the network's body has, of the characters that TensorFlow allows. */
export function headLayerName (name: string, taken: ReadonlySet<string>): string {
  const plain = name.replace(/[^\w.-]/g, '_').replace(/^(?=[^A-Za-z0-9.]|$)/, 'head')
  // The body's names, and those that the compiler gives the graph's ends and the head's poolings and activations.
  const reserved = /^(block\d+_|input$|images$|probabilities$|output$|avg_pool$|max_pool$|head\d+_)/.test(plain)
  const base = reserved ? `head.${plain}` : plain
  let unique = base
  for (let count = 1; taken.has(unique); count++) unique = `${base}.${count}`
  return unique
}

/** How a file's last values become probabilities. */
export type OutputKind = 'softmax' | 'sigmoid'

/**
 * Appends what turns logits into probabilities where the file's last layer does not.
 * `wanted` says what logits of several units are, and must agree with a file that is explicit.
 * Throws a WeightsError if it does not, or if the last layer gives something else.
 */
export function completeHead ({ layers, units, lastLayer }: Head, wanted: OutputKind | undefined): HeadLayer[] {
  const last = layers.at(-1)
  const activation: Activation = last !== undefined && 'activation' in last ? last.activation : 'linear'
  if (activation === 'relu' || activation === 'elu') {
    refuse(lastLayer, `is the last and ends in ${activation}: a classifier ends in softmax, in sigmoid or in logits`)
  }
  if (units === 1 && activation === 'softmax') refuse(lastLayer, 'takes the softmax of one unit, which is always 1: a single unit needs sigmoid')
  if (units === 1 && wanted === 'softmax') refuse(lastLayer, 'gives one unit, whose softmax is always 1: leave the output setting out')
  if (activation !== 'linear') {
    if (wanted !== undefined && wanted !== activation) refuse(lastLayer, `ends in ${activation}, which cannot be served as ${wanted}: leave the output setting out`)
    return [...layers]
  }
  const ending = units === 1 ? 'sigmoid' : wanted ?? 'softmax'
  return last?.type === 'dense' ? [...layers.slice(0, -1), { ...last, activation: ending }] : [...layers, { type: 'activation', activation: ending }]
}
