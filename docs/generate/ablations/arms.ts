import { XCEPTION, type Architecture } from '../../../src/model/architecture.js'
import { totalCounts } from '../../../src/model/counts.js'
import type { Network } from '../../../src/model/network.js'
import { EXTREME, segmented, separable, simplified, type FamilyModule } from '../../../src/model/presets/modules.js'
import { vggSeparable } from '../../../src/model/presets/stacks.js'
import type { Walk } from '../../../src/model/presets/walk.js'
import { xceptionNetwork } from '../../../src/model/presets/xception.js'

/*
 * The networks that are compared: one small skeleton of Xception's form for pictures of 32x32, with another module or without
 * residual connections, each as wide as the same number of parameters allows.
 */

export const PARAMETERS = 100_000
/** How far a network may be from that. */
export const TOLERANCE = 0.02

const CLASSES = 10
const SIDE = 32
const RESCALING = { scale: 1 / 127.5, offset: -1 }

/** Filters at a width of 1. */
const SKELETON: Architecture = {
  ...XCEPTION,
  inputSize: SIDE,
  stem: { filters: [64, 128], strides: [2, 1], padding: 'same' },
  entryFilters: [256, 512],
  middle: { filters: 512, repeats: 2 },
  exitFilters: [512, 768, 768, 1024],
  head: [{ type: 'globalAveragePooling' }, { type: 'dense', name: 'predictions', units: CLASSES, activation: 'softmax' }]
}

/** Towers of the paper's Figure 1 with the shares that they have in Inception V3's first module. */
const CANONICAL: FamilyModule = {
  label: 'inception',
  endsInRelu: true,
  add (walk, name, filters) {
    const input = walk.last
    const share = (part: number): number => Math.max(1, Math.round(filters * part))
    const [one, five, pooled] = [share(1 / 4), share(1 / 4), share(1 / 8)]
    const three = Math.max(1, filters - one - five - pooled)
    const tower = (suffix: string, counts: readonly number[], kernels: readonly number[], from = input): string => (
      convolutions(walk, `${name}_${suffix}`, counts, kernels, from)
    )
    const ends = [
      tower('1x1', [one], [1]),
      tower('5x5', [share(3 / 16), five], [1, 5]),
      tower('3x3', [share(1 / 4), three, three], [1, 3, 3]),
      tower('pool', [pooled], [1], walk.add(`${name}_mean`, {
        kind: 'averagePooling', size: [3, 3], strides: [1, 1], padding: 'same'
      }, [input]))
    ]
    walk.add(`${name}_concat`, { kind: 'concatenate' }, ends)
  }
}

function convolutions (walk: Walk, name: string, counts: readonly number[], kernels: readonly number[], from: string): string {
  return counts.reduce((input, filters, index) => (
    walk.activatedConvolution(`${name}_${index + 1}`, filters, { kernel: kernels[index] ?? 1 }, input)
  ), from)
}

function filtersAt (width: number): (count: number) => number {
  return (count) => Math.max(1, Math.round(count * width))
}

type Build = (width: number) => Network

function onSkeleton (module: FamilyModule, residual = true): Build {
  return (width) => {
    const scaled = <T extends readonly number[]>(counts: T): T => counts.map(filtersAt(width)) as unknown as T
    const { stem, entryFilters, middle, exitFilters } = SKELETON
    return xceptionNetwork({
      ...SKELETON,
      stem: { ...stem, filters: scaled(stem.filters) },
      entryFilters: scaled(entryFilters),
      middle: { ...middle, filters: scaled([middle.filters] as const)[0] },
      exitFilters: scaled(exitFilters),
      residual
    }, RESCALING, module)
  }
}

const ARMS = {
  separable: onSkeleton(separable('none')),
  'separable, no residuals': onSkeleton(separable('none'), false),
  'separable, ReLU between': onSkeleton(separable('relu')),
  'separable, ELU between': onSkeleton(separable('elu')),
  'inception-v3 modules': onSkeleton(CANONICAL),
  'inception-simplified': onSkeleton(simplified(3)),
  'inception-segments-3': onSkeleton(segmented(3)),
  'inception-extreme': onSkeleton(EXTREME),
  'vgg-separable': (width) => vggSeparable(
    { stem: 1, classes: CLASSES, filters: filtersAt(width) },
    { side: SIDE, channels: 3, rescaling: RESCALING }
  )
} satisfies Record<string, Build>
export type ArmName = keyof typeof ARMS
export const ARM_NAMES = Object.keys(ARMS) as ArmName[]

/** What is compared with what, each beside a claim of the paper. */
export const QUESTIONS = {
  residual: { title: 'Residual connections (Figure 9)', arms: ['separable', 'separable, no residuals'] },
  between: {
    title: 'Between depthwise and pointwise (Figure 10)', arms: ['separable', 'separable, ReLU between', 'separable, ELU between']
  },
  line: {
    title: 'From Inception to separable convolutions (section 1)',
    arms: ['inception-v3 modules', 'inception-simplified', 'inception-segments-3', 'inception-extreme', 'separable']
  },
  stack: { title: 'A plain stack beside Inception (section 4)', arms: ['vgg-separable', 'inception-v3 modules'] }
} as const satisfies Record<string, { readonly title: string, readonly arms: readonly ArmName[] }>

/** The network of an arm, as wide as comes nearest to the parameters. Throws an Error where none is near enough. */
export function networkOf (arm: ArmName): Network {
  const build = ARMS[arm]
  const parameters = (network: Network): number => totalCounts(network.layers).parameters
  let [low, high] = [0, 1]
  while (high - low > 1e-6) {
    const middle = (low + high) / 2
    if (parameters(build(middle)) < PARAMETERS) low = middle
    else high = middle
  }
  const away = (network: Network): number => Math.abs(parameters(network) - PARAMETERS)
  const [best] = [build(low), build(high)].sort((left, right) => away(left) - away(right))
  if (best === undefined || away(best) > TOLERANCE * PARAMETERS) throw new Error(`${arm} cannot have ${PARAMETERS} parameters`)
  return best
}
