import { Random } from '../../src/base/random.js'
import { parseArchitecture, XCEPTION, type Architecture } from '../../src/model/architecture.js'
import type { Rescaling } from '../../src/model/input.js'
import type { Network } from '../../src/model/network.js'
import { xceptionNetwork } from '../../src/model/presets/xception.js'
import { sizeOf, type Weights } from '../../src/model/weights.js'

/** The paper's shape with few filters. */
const SMALL: Architecture = {
  ...XCEPTION,
  inputSize: 40,
  stem: { filters: [6, 8], strides: [2, 1], padding: 'valid' },
  entryFilters: [10, 12],
  middle: { filters: 12, repeats: 2 },
  exitFilters: [12, 14, 16, 18],
  head: [{ type: 'globalAveragePooling' }, { type: 'dense', name: 'predictions', units: 5, activation: 'softmax' }]
}
const RESCALING: Rescaling = { scale: 2 / 255, offset: -1 }

/** A small Xception, changed as wanted, with seeded weights under which pictures are told apart. */
export function smallXception (
  changes: Partial<Architecture> = {}, rescaling: Rescaling = RESCALING
): { readonly network: Network, readonly weights: Weights } {
  const network = xceptionNetwork(parseArchitecture({ ...SMALL, ...changes }), rescaling)
  return { network, weights: livelyWeights(network, new Random(1)) }
}

function livelyWeights ({ layers }: Network, random: Random): Weights {
  return new Map(layers.flatMap((layer) => layer.weights.map(({ name, shape }) => (
    [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => livelyValue(name, shape, random)) }]
  ))))
}

function livelyValue (name: string, shape: readonly number[], random: Random): number {
  switch (name.slice(name.lastIndexOf('/') + 1)) {
    case 'gamma': return random.uniform(0.6, 1.4)
    case 'moving_variance': return random.uniform(0.5, 2)
    case 'beta': case 'moving_mean': case 'bias': return random.normal(0.3)
    case 'depthwise_kernel': return random.normal(0.4)
    // He's initialization: the inputs are all dimensions but the last. The last layer gets less, so that probabilities stay off 0 and 1.
    default: return random.normal((shape.length === 2 && !name.startsWith('hidden/') ? 0.2 : 1) * Math.sqrt(2 / sizeOf(shape.slice(0, -1))))
  }
}
