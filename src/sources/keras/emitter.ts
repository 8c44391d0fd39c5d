import { MAX_LAYERS, MAX_MAP_VALUES } from '../../model/limits.js'
import { NetworkBuilder } from '../../model/network-builder.js'
import { NetworkError, type Network, type NetworkInput, type Operation, type Shape } from '../../model/network.js'
import { WeightsError, sizeOf } from '../../model/weights.js'
import type { FlatLayer } from './flatten.js'
import { LayerNames } from './names.js'
import { describe, refuse } from './refusal.js'

/** Where the file keeps a weight of the network, if not by the network's role and shape. */
export interface Kept {
  readonly role: string
  readonly shape: readonly number[]
}

/** What a layer of the network was made from. */
export interface Origin {
  readonly layer: FlatLayer
  /** By the network's role, for weights that the file keeps otherwise. */
  readonly kept: Readonly<Record<string, Kept>>
}

/** Options of `Emitter.add`. */
interface Added {
  /** What distinguishes the layer's name from its file layer's; nothing for the one that bears that name itself. */
  readonly suffix?: string
  readonly kept?: Readonly<Record<string, Kept>>
}

/** Builds the network; each layer of the file becomes one layer or several. */
export class Emitter {
  private readonly builder: NetworkBuilder
  private readonly names = new LayerNames()
  private readonly madeFrom = new Map<string, Origin>()
  readonly inputName: string
  private count = 1

  constructor (input: NetworkInput, layer: FlatLayer) {
    this.builder = new NetworkBuilder(input)
    this.inputName = this.builder.last
    this.names.reserve(this.inputName)
    this.madeFrom.set(this.inputName, { layer, kept: {} })
  }

  /** What each layer of the network was made from, by name. */
  get origins (): ReadonlyMap<string, Origin> {
    return this.madeFrom
  }

  /**
   * Appends a layer that is made from one of the file, and returns its name. Throws a WeightsError that names the latter if it does not
   * fit.
   */
  add (layer: FlatLayer, operation: Operation, inputs: string[], { suffix = '', kept = {} }: Added = {}): string {
    if (++this.count > MAX_LAYERS) throw new WeightsError(`the network has more than ${MAX_LAYERS} layers`)
    const name = this.names.take(layer, suffix)
    try {
      this.builder.add({ name, operation, inputs })
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      throw new WeightsError(`${describe(layer)} cannot be built: ${error.message}`)
    }
    const shape = this.builder.shapeOf(name)
    if (sizeOf(shape) > MAX_MAP_VALUES) refuse(layer, `gives ${shape.join('x')} numbers, and ${MAX_MAP_VALUES} are the most that is taken`)
    this.madeFrom.set(name, { layer, kept })
    return name
  }

  shapeOf (name: string): Shape {
    return this.builder.shapeOf(name)
  }

  build (): Network {
    return this.builder.build()
  }
}
