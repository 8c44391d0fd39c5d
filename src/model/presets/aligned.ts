import type { Network, NetworkInput, OperationOf } from '../network.js'
import { channelsOf } from '../shapes.js'
import { PLAIN_NORMALIZATION, RELU, Walk, type Window } from './walk.js'

/*
 * The aligned Xceptions (Chen et al. 2018, arXiv 1802.02611, section 3.2), as timm has them: three separable convolutions a module, of
 * which the last one takes the stride, so that nothing is pooled; batch normalizations behind depthwise and pointwise convolutions, or,
 * pre-activated, before the module and before the second and third of them.
 */

const KERNEL_SIZE = 3
const AROUND = { top: 1, bottom: 1, left: 1, right: 1 }

export interface AlignedModule {
  readonly filters: readonly [number, number, number]
  readonly stride: 1 | 2
}

export interface AlignedPlan {
  readonly preactivated: boolean
  readonly epsilon: number
  /** Of the two convolutions that everything begins with. */
  readonly stem: readonly [number, number]
  /** Stride of the first one. */
  readonly stemStride: number
  readonly entry: readonly AlignedModule[]
  readonly middle: readonly AlignedModule[]
  /** The second of them, the last module, has no shortcut. */
  readonly exit: readonly [AlignedModule, AlignedModule]
  readonly classes: number
  readonly ending?: 'softmax' | 'sigmoid'
}

const at = (filters: number, stride: 1 | 2): AlignedModule => ({ filters: [filters, filters, filters], stride })
const EXIT = [{ filters: [728, 1024, 1024], stride: 2 }, { filters: [1536, 1536, 2048], stride: 1 }] as const
const STEM = { stem: [32, 64], stemStride: 2, exit: EXIT } as const
const ENTRY = [at(128, 2), at(256, 2), at(728, 2)]
const LONG_ENTRY = [at(128, 2), at(256, 1), at(256, 2), at(728, 1), at(728, 2)]
const middle = (repeats: number): AlignedModule[] => Array.from({ length: repeats }, () => at(728, 1))

/** What is said of a network without its classes. */
export type AlignedArchitecture = Omit<AlignedPlan, 'classes' | 'ending'>

export const ALIGNED: Readonly<Record<string, AlignedArchitecture>> = {
  xception41: { ...STEM, preactivated: false, epsilon: 1e-3, entry: ENTRY, middle: middle(8) },
  xception65: { ...STEM, preactivated: false, epsilon: 1e-3, entry: ENTRY, middle: middle(16) },
  xception71: { ...STEM, preactivated: false, epsilon: 1e-3, entry: LONG_ENTRY, middle: middle(16) },
  xception41p: { ...STEM, preactivated: true, epsilon: 1e-5, entry: ENTRY, middle: middle(8) },
  xception65p: { ...STEM, preactivated: true, epsilon: 1e-3, entry: ENTRY, middle: middle(16) }
}

/** The same with other numbers of filters, each of which has its place: `stem.0`, or module and position such as `3.0`. */
export function withFilters (architecture: AlignedArchitecture, filters: (count: number, place: string) => number): AlignedArchitecture {
  let index = 0
  const changed = ({ filters: [first, second, third], stride }: AlignedModule): AlignedModule => {
    const module = index++
    return {
      filters: [filters(first, `${module}.0`), filters(second, `${module}.1`), filters(third, `${module}.2`)],
      stride
    }
  }
  const { stem, entry, middle: between, exit } = architecture
  return {
    ...architecture,
    stem: [filters(stem[0], 'stem.0'), filters(stem[1], 'stem.1')],
    entry: entry.map(changed),
    middle: between.map(changed),
    exit: [changed(exit[0]), changed(exit[1])]
  }
}

/** The network, from the input to the probabilities. Throws an OperatorError if a feature map would have no pixel left. */
export function alignedNetwork (plan: AlignedPlan, input: NetworkInput): Network {
  const walk = new Walk(input, { ...PLAIN_NORMALIZATION, epsilon: plan.epsilon })
  walk.enter('block1', 'entry')
  const [first, second] = plan.stem
  const start: Window = { kernel: KERNEL_SIZE, stride: plan.stemStride, padding: AROUND }
  walk.activatedConvolution('block1_conv1', first, start)
  if (plan.preactivated) walk.bareConvolution('block1_conv2', second, { kernel: KERNEL_SIZE })
  else walk.activatedConvolution('block1_conv2', second, { kernel: KERNEL_SIZE })
  const flows = [['entry', plan.entry], ['middle', plan.middle], ['exit', plan.exit]] as const
  let block = 2
  for (const [flow, modules] of flows) {
    for (const module of modules) {
      walk.enter(`block${block++}`, flow)
      const isLast = module === plan.exit[1]
      if (plan.preactivated) preactivatedModule(walk, module, !isLast)
      else if (isLast) lastModule(walk, module)
      else alignedModule(walk, module)
    }
  }
  if (plan.preactivated) walk.activation(`block${block - 1}_relu`, RELU)
  walk.classifier(plan.classes, plan.ending)
  return walk.build()
}

/** ReLU, depthwise, normalization, pointwise, normalization; the shortcut reads what is before the first ReLU. */
function alignedModule (walk: Walk, { filters, stride }: AlignedModule): void {
  const { module: block, last: input } = walk
  filters.forEach((count, index) => {
    const name = `${block}_sepconv${index + 1}`
    walk.activation(`${name}_act`, RELU)
    walk.depthwiseConvolution(`${name}_depthwise`, strided(index === 2 ? stride : 1))
    walk.batchNormalization(`${name}_depthwise_bn`)
    walk.convolution(name, count, { kernel: 1 })
  })
  const main = walk.last
  const shortcut = needsConvolution(walk, input, filters, stride)
    ? walk.convolution(`${block}_residual`, filters[2], { kernel: 1, stride }, input)
    : input
  walk.add(`${block}_add`, { kind: 'add' }, [main, shortcut])
}

/** A ReLU behind each normalization, and no shortcut. */
function lastModule (walk: Walk, { filters }: AlignedModule): void {
  filters.forEach((count, index) => {
    const name = `${walk.module}_sepconv${index + 1}`
    walk.depthwiseConvolution(`${name}_depthwise`, { kernel: KERNEL_SIZE })
    walk.batchNormalization(`${name}_depthwise_bn`)
    walk.activation(`${name}_depthwise_act`, RELU)
    walk.convolution(name, count, { kernel: 1 })
    walk.activation(`${name}_act`, RELU)
  })
}

/** Normalization and ReLU first, which the shortcut reads too. */
function preactivatedModule (walk: Walk, { filters, stride }: AlignedModule, hasShortcut: boolean): void {
  const { module: block } = walk
  walk.batchNormalization(`${block}_bn`)
  const input = walk.activation(`${block}_act`, RELU)
  filters.forEach((count, index) => {
    const name = `${block}_sepconv${index + 1}`
    if (index > 0) {
      walk.batchNormalization(`${name}_bn`)
      walk.activation(`${name}_act`, RELU)
    }
    const window = strided(index === 2 ? stride : 1)
    walk.separableConvolution(name, count, window)
  })
  if (!hasShortcut) return
  const main = walk.last
  const shortcut = needsConvolution(walk, input, filters, stride)
    ? walk.bareConvolution(`${block}_residual`, filters[2], { kernel: 1, stride }, input)
    : input
  walk.add(`${block}_add`, { kind: 'add' }, [main, shortcut])
}

function needsConvolution (walk: Walk, input: string, filters: AlignedModule['filters'], stride: number): boolean {
  return stride > 1 || channelsOf(walk.shapeOf(input)) !== filters[2]
}

/** With one row and column around where it strides; without a stride that is `same`. */
function strided (stride: 1 | 2): Pick<OperationOf<'depthwiseConvolution'>, 'padding'> & Window {
  return { kernel: KERNEL_SIZE, stride, padding: stride === 1 ? 'same' : AROUND }
}
