import type { StoredModel, StoredWeight } from '../files/index.js'
import { WeightsError } from '../../model/weights.js'
import { leavesOf, pickRoles, type Leaf } from './leaves.js'

export type LeafKind = 'convolution' | 'separableConvolution' | 'batchNormalization' | 'dense'

/** A layer's weights, its kind told from their shapes. */
export interface KindedLeaf {
  readonly name: string
  readonly kind: LeafKind
  readonly roles: readonly string[]
  /** In the order of `roles`. */
  readonly weights: readonly StoredWeight[]
}

/** More channels or classes than any network has. */
const MAX_DIMENSION = 1_000_000

/** What a layer of each kind keeps, by the dimensions of its weights, in Keras's order. */
const KINDS: ReadonlyArray<{ readonly kind: LeafKind, readonly roles: readonly string[], readonly dimensions: string }> = [
  { kind: 'convolution', roles: ['kernel'], dimensions: '4' },
  { kind: 'separableConvolution', roles: ['depthwise_kernel', 'pointwise_kernel'], dimensions: '4,4' },
  { kind: 'batchNormalization', roles: ['gamma', 'beta', 'moving_mean', 'moving_variance'], dimensions: '1,1,1,1' },
  { kind: 'dense', roles: ['kernel', 'bias'], dimensions: '2,1' },
  { kind: 'dense', roles: ['kernel'], dimensions: '2' }
]

/** Names that Keras gives layers of which the user names none. */
const NUMBERED = /^(conv2d|separable_conv2d|batch_normalization|dense)(_\d+)?$/

const naturalOrder = new Intl.Collator('en', { numeric: true })

/** The layers of a file that has no configuration, in its order. Throws a WeightsError if one is of no kind that Xception has. */
export function storedLeaves (stored: StoredModel): KindedLeaf[] {
  const leaves = stored.layers.filter(({ weights }) => weights.length > 0).flatMap(({ path, weights }) => split(path, weights))
  // The order of a safetensors file says nothing.
  if (stored.kind === 'safetensors') leaves.sort((left, right) => naturalOrder.compare(left.name, right.name))
  return leaves.map((leaf) => kinded(leaf))
}

/** A legacy group may hold a whole nested model, in whose order the layers that are frozen come last: Keras's own numbers tell more. */
function split (path: string, weights: readonly StoredWeight[]): Leaf[] {
  const leaves = leavesOf(weights)
  if (leaves.length < 2) return [{ name: path.slice(path.lastIndexOf('/') + 1), weights }]
  const numbered = leaves.filter(({ name }) => NUMBERED.test(name)).sort((left, right) => naturalOrder.compare(left.name, right.name))
  return [...leaves.filter(({ name }) => !NUMBERED.test(name)), ...numbered]
}

function kinded ({ name, weights }: Leaf): KindedLeaf {
  const absurd = weights.find(({ shape }) => shape.some((size) => size < 1 || size > MAX_DIMENSION))
  if (absurd !== undefined) {
    throw new WeightsError(
      `the layer ${name}: ${absurd.name} has shape [${absurd.shape.join(', ')}], and 1 to ${MAX_DIMENSION} are possible`
    )
  }
  for (const { kind, roles, dimensions } of KINDS) {
    const picked = weights.length === roles.length ? pickRoles(weights, roles) : undefined
    if (picked?.map(({ shape }) => shape.length).join() === dimensions) return { name, kind, roles, weights: picked }
  }
  const shapes = weights.map((weight) => `${weight.name} [${weight.shape.join(', ')}]`).join(', ')
  throw new WeightsError(
    `the file has only weights, and the layer ${name} is none that Xception with Dense layers behind it has (${shapes}): ` +
    'save the whole model with model.save'
  )
}
