import { classCount, describeLayer, outputUnits, type Layer, type Network, type Shape } from './network.js'
import { hasOnePosition } from './shapes.js'

/** The shape of an output that a network has, the batch left out, or one sentence that says why it has none. */
export type Offer = { readonly shape: Shape } | { readonly reason: string }

/** What a network can give. */
export interface NetworkOutputs {
  readonly probabilities: { readonly shape: Shape }
  /** What the global pooling before the classifier gives. */
  readonly features: Offer
  /** What that pooling reads. */
  readonly featureMap: Offer
  /**
   * The linear classifier at every position of the feature map, without its bias, one number a unit of the last layer: their mean
   * over the positions is the logit less the bias. Where a convolution's map is itself what is averaged, that map less its bias.
   */
  readonly maps: Offer
}

/** The last part of a network: a global pooling, and what turns its result into logits. */
export interface Classifier {
  readonly pooling: Layer
  /** The layer that is pooled. */
  readonly pooled: Layer
  /** From the pooling, not included, to the last layer, not included. */
  readonly chain: readonly Layer[]
}

/** Which outputs a network has. Throws an Error if it does not end in probabilities. */
export function networkOutputs (network: Network): NetworkOutputs {
  const probabilities = { shape: [classCount(network)] as const }
  const classifier = classifierOf(network)
  if ('reason' in classifier) return { probabilities, features: classifier, featureMap: classifier, maps: classifier }
  const { pooled, pooling } = classifier
  const [height, width, channels] = pooled.outputShape as readonly [number, number, number]
  const reason = whyNoMaps(classifier)
  return {
    probabilities,
    features: { shape: [channels] },
    featureMap: { shape: pooled.outputShape },
    maps: reason === undefined
      ? { shape: [height, width, outputUnits(network)] }
      : { reason: `${describeLayer(pooling)} is the pooling, and ${reason}` }
  }
}

/** Goes back from the end to a global pooling over layers that see one position only; a reason where there is none. */
export function classifierOf ({ layers }: Pick<Network, 'layers'>): Classifier | { readonly reason: string } {
  const byName = new Map(layers.map((layer) => [layer.name, layer]))
  const chain: Layer[] = []
  let layer = layers.at(-1)
  while (layer !== undefined) {
    const { operation, inputs: [input, ...others] } = layer
    const source = input === undefined ? undefined : byName.get(input)
    if (source === undefined) break
    if (operation.kind === 'globalAveragePooling' || operation.kind === 'globalMaxPooling') {
      return { pooling: layer, pooled: source, chain: chain.slice(1).reverse() }
    }
    if (others.length > 0) return { reason: `no global pooling stands between ${describeLayer(layer)}, which joins several, and the end` }
    if (!hasOnePosition(source.outputShape)) return { reason: `${describeLayer(layer)} reads a feature map that is not pooled globally` }
    chain.push(layer)
    layer = source
  }
  return { reason: 'no global pooling stands before the classifier' }
}

/** Why the classifier cannot be applied at each position, continuing a sentence; undefined where it can. */
export function whyNoMaps ({ pooling, chain }: Classifier): string | undefined {
  if (pooling.operation.kind === 'globalMaxPooling') return 'a maximum is not the mean of what the classifier gives at each position'
  const bent = chain.find((layer) => !isLinear(layer))
  return bent === undefined ? undefined : `${describeLayer(bent)} between it and the end is not linear`
}

function isLinear ({ operation }: Layer): boolean {
  switch (operation.kind) {
    case 'dense': case 'batchNormalization': case 'affine': case 'flatten': case 'reshape': return true
    case 'convolution': return operation.groups === 1 && [operation.kernel, operation.strides].flat().every((side) => side === 1)
    default: return false
  }
}
