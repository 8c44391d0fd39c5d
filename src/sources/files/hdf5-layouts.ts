import { OperatorError } from '../../base/errors.js'
import { sizeOf } from '../../model/weights.js'
import type { Hdf5File } from './hdf5-library.js'
import { MAX_COMPRESSION, MAX_JSON_BYTES, MAX_TOTAL_BYTES, MAX_WEIGHTS } from './limits.js'
import type { FileKind } from './stored.js'

/** Groups that may nest; Keras nests one level a model inside a model. */
const MAX_DEPTH = 32
/** Containers of layers in Keras 3's files; the second is how Keras 2 wrote them. */
const LAYER_CONTAINERS = ['layers', '_layer_checkpoint_dependencies']

export interface ListedWeight {
  readonly name: string
  readonly shape: readonly number[]
  /** Path of the data set. */
  readonly dataset: string
}
export interface ListedLayer {
  readonly path: string
  readonly weights: readonly ListedWeight[]
}
export interface Listing {
  readonly kind: FileKind
  /** Keras's model configuration, still as JSON text. */
  readonly config: string | undefined
  /** What the model was compiled with, still as JSON text. */
  readonly training?: string | undefined
  readonly kerasVersion: string | undefined
  /** Those that have weights. */
  readonly layers: readonly ListedLayer[]
}

/** Finds which of Keras's layouts an HDF5 file has, and what it holds. Throws an OperatorError if it has none. */
export function listKerasWeights (file: Hdf5File): Listing {
  const attributes = file.attributes('/')
  const text = (name: string): string | undefined => attributes.has(name) ? file.texts('/', name)[0] : undefined
  const names = new Set(file.names('/'))
  const hasConfig = attributes.has('model_config')
  const kerasVersion = text('keras_version')
  if (names.has('model_weights')) {
    const config = text('model_config')
    if (config !== undefined && config.length > MAX_JSON_BYTES) throw new OperatorError('its model_config is absurdly long')
    const layers = new Lister(file).legacyLayers('/model_weights')
    return { kind: 'hdf5-model', config, training: text('training_config'), kerasVersion, layers }
  }
  if (attributes.has('layer_names') || attributes.has('layer_names0')) {
    return { kind: 'hdf5-weights', config: text('model_config'), kerasVersion, layers: new Lister(file).legacyLayers('/') }
  }
  if (LAYER_CONTAINERS.some((name) => names.has(name))) {
    return { kind: 'keras3-weights', config: undefined, kerasVersion, layers: new Lister(file).keras3Layers() }
  }
  throw new OperatorError(hasConfig
    ? 'it has a model_config and no weights: save the whole model with model.save'
    : 'it has neither layer_names nor model_weights nor layers, so Keras did not write it, ' +
      'or of a subclassed model, whose layers are in its Python code')
}

/** Lists weights, and keeps count of what they claim against what the file can hold. */
class Lister {
  private weights = 0
  private groups = 0
  private claimedBytes = 0

  constructor (private readonly file: Hdf5File) {}

  /** Keras 2's layout: `layer_names` lists groups, each with `weight_names`. */
  legacyLayers (root: string): ListedLayer[] {
    return this.names(root, 'layer_names').map((layer) => {
      const group = join(root, layer)
      if (this.file.kind(group) !== 'group') throw new OperatorError(`its layer_names lists ${layer}, which it does not have`)
      return { path: layer, weights: this.names(group, 'weight_names').map((name) => this.weight(name, join(group, name))) }
    }).filter(({ weights }) => weights.length > 0)
  }

  /** Keras 3's layout: groups as the layers nest, the weights of each numbered in a group `vars`. */
  keras3Layers (): ListedLayer[] {
    return LAYER_CONTAINERS.flatMap((container) =>
      this.file.kind(`/${container}`) === 'group' ? this.nestedLayers(`/${container}`, []) : [])
  }

  private nestedLayers (group: string, path: readonly string[]): ListedLayer[] {
    this.groups += 1
    if (path.length > MAX_DEPTH || this.groups > MAX_WEIGHTS * 2) throw new OperatorError('its groups nest without end')
    return sorted(this.file.names(group)).flatMap((name) => {
      const child = join(group, name)
      if (this.file.kind(child) !== 'group') return []
      if (name === 'vars') return this.numberedWeights(child, path)
      return this.nestedLayers(child, LAYER_CONTAINERS.includes(name) ? path : [...path, name])
    })
  }

  private numberedWeights (vars: string, path: readonly string[]): ListedLayer[] {
    const weights = sorted(this.file.names(vars))
      .filter((name) => this.file.kind(join(vars, name)) === 'dataset')
      .map((name) => this.weight(`vars/${name}`, join(vars, name)))
    return weights.length === 0 ? [] : [{ path: path.join('/'), weights }]
  }

  /** A list of names, which Keras splits into numbered attributes where it is too long for one. */
  private names (path: string, attribute: string): string[] {
    const attributes = this.file.attributes(path)
    if (attributes.has(attribute)) return this.file.texts(path, attribute)
    const names: string[] = []
    for (let part = 0; attributes.has(`${attribute}${part}`); part += 1) names.push(...this.file.texts(path, `${attribute}${part}`))
    return names
  }

  private weight (name: string, dataset: string): ListedWeight {
    if (this.file.kind(dataset) !== 'dataset') throw new OperatorError(`its weight_names lists ${name}, which it does not have`)
    const { shape, format, chunked } = this.file.describe(dataset)
    this.weights += 1
    if (this.weights > MAX_WEIGHTS) throw new OperatorError(`it has more than ${MAX_WEIGHTS} weights`)
    if (format !== undefined) this.claim(dataset, shape, chunked)
    return { name, shape, dataset }
  }

  /** Data that is not compressed cannot be larger than the file. */
  private claim (dataset: string, shape: readonly number[], chunked: boolean): void {
    this.claimedBytes += sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT
    const limit = Math.min(MAX_TOTAL_BYTES, this.file.bytes * (chunked ? MAX_COMPRESSION : 2))
    if (!(this.claimedBytes <= limit)) {
      throw new OperatorError(
        `its ${dataset} claims the shape [${shape.join(', ')}], more than a file of ${this.file.bytes} bytes can hold`
      )
    }
  }
}

function join (group: string, name: string): string {
  return group === '/' ? `/${name}` : `${group}/${name}`
}

/** In natural number order: conv2d, conv2d_2, conv2d_10. HDF5 itself lists names alphabetically. */
function sorted (names: readonly string[]): string[] {
  return [...names].sort(new Intl.Collator('en', { numeric: true }).compare)
}
