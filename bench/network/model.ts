import { readConfig } from '../../src/config.js'
import { XCEPTION } from '../../src/model/architecture.js'
import type { Layer, Network } from '../../src/model/network.js'
import { xceptionNetwork } from '../../src/model/presets/xception.js'
import { openModel } from '../../src/sources/open.js'
import { sizeOf, type Tensor, type Weights } from '../../src/model/weights.js'
import { Random } from '../../src/base/random.js'

/** The seed of the weights that stand in where no real ones are at hand. */
const WEIGHTS_SEED = 1
/** Logits lie about this far apart for features of size 1, so that no class takes all. */
const LOGIT_SCALE = 2

/** A network that every engine can be built from. */
export interface BenchModel {
  readonly network: Network
  readonly weights: Weights
}

/** Opens what `model` names as the service does, or makes the full-size network with random weights where `model` is undefined. */
export async function loadModel (model: string | undefined): Promise<BenchModel> {
  if (model === undefined) {
    const network = xceptionNetwork(XCEPTION, { scale: 1 / 127.5, offset: -1 })
    return { network, weights: randomWeights(network) }
  }
  const { network, readWeights } = await openModel({ ...readConfig({}), model })
  return { network, weights: await readWeights() }
}

/**
 * Weights from a fixed seed: kernels scaled by their fan-in and batch normalizations near the identity. No gain makes up for
 * what ReLU takes, or the residual sums would grow from module to module.
 */
function randomWeights ({ layers }: Network): Weights {
  const random = new Random(WEIGHTS_SEED)
  return new Map(layers.flatMap((layer) => layer.weights.map(({ role, name, shape }) => [name, randomTensor(random, layer, role, shape)])))
}

function randomTensor (random: Random, layer: Layer, role: string, shape: readonly number[]): Tensor {
  const data = new Float32Array(sizeOf(shape))
  const fill = (next: () => number): Tensor => ({ shape, data: data.map(next) })
  switch (role) {
    case 'depthwise_kernel': return fill(() => random.normal() / Math.sqrt(sizeOf(shape.slice(0, 2))))
    case 'kernel':
    case 'pointwise_kernel': {
      const scale = (layer.operation.kind === 'dense' ? LOGIT_SCALE : 1) / Math.sqrt(sizeOf(shape.slice(0, -1)))
      return fill(() => random.normal() * scale)
    }
    case 'gamma': return fill(() => 0.75 + random.uniform() / 2)
    case 'moving_variance': return fill(() => 0.75 + random.uniform() / 2)
    default: return fill(() => random.normal() / 10)
  }
}

/** The same images for every engine: smooth colour gradients with noise, [count, size, size, 3] bytes. */
export function testImages (count: number, size: number): ReadonlyArray<Uint8Array<ArrayBuffer>> {
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(index + 1)
    const [phase, slope] = [random.uniform() * size, 1 + random.uniform()]
    const image = new Uint8Array(size * size * 3)
    for (let at = 0; at < image.length; at++) {
      const pixel = Math.floor(at / 3)
      const wave = Math.sin((pixel % size * slope + Math.floor(pixel / size) + phase) / (10 + 20 * (at % 3)))
      image[at] = Math.round(Math.min(255, Math.max(0, 128 + 90 * wave + 25 * random.normal())))
    }
    return image
  })
}
