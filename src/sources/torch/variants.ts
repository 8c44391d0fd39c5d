import { XCEPTION } from '../../model/architecture.js'
import type { InputFacts } from '../../model/input.js'
import type { Network, NetworkInput } from '../../model/network.js'
import { ALIGNED, alignedNetwork, withFilters, type AlignedArchitecture } from '../../model/presets/aligned.js'
import { LEGACY_XCEPTION, xceptionNetwork } from '../../model/presets/xception.js'
import { WeightsError } from '../../model/weights.js'
import type { NamedWeights } from './names.js'

/** What is built of the weights of a file. */
export interface VariantPlan {
  readonly input: NetworkInput
  readonly ending: 'softmax' | 'sigmoid'
}

/** One of PyTorch's Xceptions, as the names of a file's weights tell it. */
export interface Variant {
  readonly name: string
  /** Input and crop that it was evaluated with on ImageNet. */
  readonly facts: { readonly size: number } & Pick<InputFacts, 'cropFraction'>
  /** Names, without `.weight`, of the first convolution and of the classifier. */
  readonly firstConvolution: string
  readonly classifier: string
  network (plan: VariantPlan): Network
  /** Name in the file, without `.weight` or what else a role is called, of a layer of the network; of a kernel where it has two. */
  sourceOf (layer: string, role: string): string
}

const CLASSIFIER = /^(?:fc|last_linear(?:\.\d+)?)\.weight$/
const LAST_ALIGNED_PLACE = /^blocks\.(\d+)\./

/** The variant whose weights these are, or undefined where they are those of none. Throws a WeightsError where they nearly are. */
export function variantOf (weights: NamedWeights): Variant | undefined {
  if (weights.has('block1.rep.0.conv1.weight')) return legacy(weights)
  if (weights.has('blocks.0.stack.conv1.conv_dw.weight')) return aligned(weights)
  return undefined
}

function legacy (weights: NamedWeights): Variant {
  const classifiers = weights.names.filter((name) => CLASSIFIER.test(name))
  const [classifier, ...others] = classifiers
  if (classifier === undefined || others.length > 0) {
    throw new WeightsError(classifier === undefined
      ? 'it has no classifier: expected fc.weight or last_linear.weight'
      : `it has several layers behind the pooling (${classifiers.join(', ')}), and one is read`)
  }
  const filters = (name: string): number => outputsOf(weights, `${name}.weight`)
  return {
    name: 'legacy_xception',
    facts: { size: 299, cropFraction: 0.8975 },
    firstConvolution: 'conv1',
    classifier: classifier.replace(/\.weight$/, ''),
    network: ({ input, ending }) => xceptionNetwork({
      ...LEGACY_XCEPTION,
      inputSize: input.side,
      stem: { ...XCEPTION.stem, filters: [filters('conv1'), filters('conv2')] },
      entryFilters: [1, 2, 3].map((block) => filters(`block${block}.skip`)),
      middle: { ...XCEPTION.middle, filters: filters('block3.skip') },
      exitFilters: [filters('block12.rep.1.pointwise'), filters('block12.skip'), filters('conv3.pointwise'), filters('conv4.pointwise')],
      head: [
        { type: 'globalAveragePooling' }, { type: 'dense', name: 'predictions', units: outputsOf(weights, classifier), activation: ending }
      ]
    }, input.rescaling, undefined, input.channels),
    sourceOf: legacySource
  }
}

/** Cadene's names: his block N is Keras's N + 1, and the two separable convolutions behind the blocks are called conv3 and conv4. */
function legacySource (layer: string, role: string): string {
  const [, block = '', part = '', index = '1', normalization = ''] = /^block(\d+)_(conv|residual|sepconv)(\d?)(_bn)?$/.exec(layer) ?? []
  const isNormalization = normalization !== ''
  if (part === 'conv') return isNormalization ? `bn${index}` : `conv${index}`
  const place = Number(block) - 1
  if (part === 'residual') return `block${place}.skip${isNormalization ? 'bn' : ''}`
  const kernel = isNormalization ? '' : role === 'depthwise_kernel' ? '.conv1' : '.pointwise'
  if (place === 13) return isNormalization ? `bn${Number(index) + 2}` : `conv${Number(index) + 2}${kernel}`
  // Each has a ReLU before it, but the first of all.
  const position = (Number(index) - 1) * 3 + (place === 1 ? 0 : 1)
  return `block${place}.rep.${position + (isNormalization ? 1 : 0)}${kernel}`
}

function aligned (weights: NamedWeights): Variant {
  const preactivated = weights.has('blocks.0.norm.weight')
  const modules = 1 + Math.max(...weights.names.map((name) => Number(LAST_ALIGNED_PLACE.exec(name)?.[1] ?? -1)))
  const found = Object.entries(ALIGNED).find(([, one]) => one.preactivated === preactivated && modulesOf(one) === modules)
  if (found === undefined) {
    throw new WeightsError(`it has ${modules} ${preactivated ? 'pre-activated ' : ''}modules of an aligned Xception: ` +
      Object.entries(ALIGNED).map(([name, one]) => `${name} has ${modulesOf(one)}`).join(', '))
  }
  const [name, architecture] = found
  const stem = preactivated ? ['stem.0.conv', 'stem.1'] : ['stem.0.conv', 'stem.1.conv']
  const own = withFilters(architecture, (_count, place) => {
    const [module = '', position = ''] = place.split('.')
    return outputsOf(weights, module === 'stem'
      ? `${stem[Number(position)]}.weight`
      : `blocks.${module}.stack.conv${Number(position) + 1}.conv_pw.weight`)
  })
  return {
    name,
    facts: { size: 299, cropFraction: preactivated ? 0.94 : 0.903 },
    firstConvolution: 'stem.0.conv',
    classifier: 'head.fc',
    network: ({ input, ending }) => alignedNetwork({ ...own, classes: outputsOf(weights, 'head.fc.weight'), ending }, input),
    sourceOf: (layer, role) => alignedSource(layer, role, preactivated)
  }
}

function modulesOf ({ entry, middle, exit }: AlignedArchitecture): number {
  return entry.length + middle.length + exit.length
}

/** timm's names: its block N is called N + 2 here, where the stem is the first. */
function alignedSource (layer: string, role: string, preactivated: boolean): string {
  const [, block = '', part = '', index = '1', depthwise, normalization = ''] =
    /^block(\d+)_?(conv|residual|sepconv)?(\d?)(_depthwise)?(_?bn)?$/.exec(layer) ?? []
  const isNormalization = normalization !== ''
  if (part === 'conv') return preactivated && index === '2' ? 'stem.1' : `stem.${Number(index) - 1}.${isNormalization ? 'bn' : 'conv'}`
  const place = `blocks.${Number(block) - 2}`
  if (part === 'residual') return preactivated ? `${place}.shortcut` : `${place}.shortcut.${isNormalization ? 'bn' : 'conv'}`
  if (part === '') return `${place}.norm`
  const separable = `${place}.stack.conv${index}`
  if (preactivated) return isNormalization ? `${separable}.norm` : `${separable}.${role === 'depthwise_kernel' ? 'conv_dw' : 'conv_pw'}`
  return `${separable}.${isNormalization ? 'bn' : 'conv'}_${depthwise === undefined ? 'pw' : 'dw'}`
}

/** The first dimension of a weight. Throws a WeightsError if there is none. */
function outputsOf (weights: NamedWeights, name: string): number {
  const [outputs = 0] = weights.shapeOf(name) ?? []
  if (outputs === 0) throw new WeightsError(`it has no weight ${name}`)
  return outputs
}
