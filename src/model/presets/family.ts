import { XCEPTION } from '../architecture.js'
import type { Network, NetworkInput } from '../network.js'
import { ALIGNED, alignedNetwork, withFilters, type AlignedArchitecture } from './aligned.js'
import { inceptionV3 } from './inception-v3.js'
import { EXTREME, segmented, separable, simplified, type FamilyModule } from './modules.js'
import type { Plan } from './plan.js'
import { mobileNet, vggSeparable } from './stacks.js'
import { LEGACY_XCEPTION, xceptionNetwork } from './xception.js'

/** A named network of the paper's line. */
export interface Preset {
  /** What it is, in one line. */
  readonly about: string
  /** Side of the input, in pixels, where none is asked for. */
  readonly size: number
  /** Stride of the first convolution where none is asked for. */
  readonly stem: number
  readonly build: (plan: Plan, input: NetworkInput) => Network
}

/** Towers of the paper's Figure 2. */
const TOWERS = 3

/** Segments that stand for all of `inception-segments-K` where the family is listed. */
const LISTED_SEGMENTS = [1, 3]

const PRESETS: Readonly<Record<string, Preset>> = {
  'inception-v3': { about: 'Inception V3 as Keras has it', size: 299, stem: 2, build: inceptionV3 },
  'inception-simplified': onSkeleton(`Figure 2: ${TOWERS} towers of a 1x1 and a 3x3 convolution`, simplified(TOWERS)),
  'inception-extreme': onSkeleton('Figure 4: a 1x1 convolution, then one spatial convolution a channel', EXTREME),
  xception: onSkeleton('Figure 5: depthwise separable convolutions with residual connections', separable('none')),
  'xception-relu': onSkeleton('Xception with ReLU between depthwise and pointwise', separable('relu')),
  'xception-elu': onSkeleton('Xception with ELU between depthwise and pointwise', separable('elu')),
  'xception-plain': onSkeleton('Xception without residual connections', separable('none'), false),
  legacy_xception: onSkeleton('Xception as PyTorch has it (Cadene, timm)', separable('none'), true, LEGACY_XCEPTION),
  ...Object.fromEntries(Object.entries(ALIGNED).map(([name, architecture]) => [name, onAligned(name, architecture)])),
  'vgg-separable': { about: 'VGG-16\'s stack with separable convolutions', size: 224, stem: 1, build: vggSeparable },
  mobilenet: { about: 'MobileNet as Keras has it', size: 224, stem: 2, build: mobileNet }
}
const SEGMENTS_NAME = /^inception-segments-([1-9]\d{0,5})$/

/** Xception's skeleton with `module` in place of the separable convolutions. */
function onSkeleton (about: string, module: FamilyModule, residual = true, architecture = XCEPTION): Preset {
  return {
    about,
    size: XCEPTION.inputSize,
    stem: XCEPTION.stem.strides[0],
    build: (plan, { side, rescaling }) => {
      const scaled = <T extends readonly number[]>(counts: T): T => counts.map((count) => plan.filters(count)) as unknown as T
      const { stem, middle } = XCEPTION
      return xceptionNetwork({
        ...architecture,
        inputSize: side,
        stem: { ...stem, filters: scaled(stem.filters), strides: [plan.stem, stem.strides[1]] },
        entryFilters: scaled(XCEPTION.entryFilters),
        middle: { ...middle, filters: plan.filters(middle.filters) },
        exitFilters: scaled(XCEPTION.exitFilters),
        head: [{ type: 'globalAveragePooling' }, { type: 'dense', name: 'predictions', units: plan.classes, activation: 'softmax' }],
        residual
      }, rescaling, module)
    }
  }
}

/** One of timm's aligned Xceptions. */
function onAligned (name: string, architecture: AlignedArchitecture): Preset {
  const order = architecture.preactivated ? 'normalization and ReLU before each module' : 'no pooling, normalization behind depthwise'
  return {
    about: `timm's ${name}: aligned Xception, ${order}`,
    size: XCEPTION.inputSize,
    stem: architecture.stemStride,
    build: ({ stem, classes, filters }, input) => (
      alignedNetwork({ ...withFilters(architecture, (count) => filters(count)), stemStride: stem, classes }, input)
    )
  }
}

/** The preset of a name, or undefined if there is none. */
export function findPreset (name: string): Preset | undefined {
  const segments = SEGMENTS_NAME.exec(name)?.[1]
  if (segments === undefined) return Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined
  const spatial = segments === '1' ? 'a plain convolution' : `spatial convolutions over ${segments} segments`
  return onSkeleton(`Figure 3: a 1x1 convolution, then ${spatial}`, segmented(Number(segments)))
}

/** Names of the family in the paper's order; `inception-segments-K` takes any K and stands here with some. */
export function presetNames (): string[] {
  const [first = '', second = '', ...others] = Object.keys(PRESETS)
  return [first, second, ...LISTED_SEGMENTS.map((count) => `inception-segments-${count}`), ...others]
}
