import { readConfig } from '../../src/config.js'
import { XCEPTION } from '../../src/model/architecture.js'
import type { Network } from '../../src/model/network.js'
import { xceptionNetwork } from '../../src/model/presets/xception.js'
import { randomWeights } from '../../src/model/random-weights.js'
import type { Weights } from '../../src/model/weights.js'
import { openModel } from '../../src/sources/open.js'
import { Random } from '../../src/base/random.js'

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
