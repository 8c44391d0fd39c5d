import { describeLayer, NetworkError, type Network } from './network.js'
import { sizeOf } from './weights.js'

/** Limits on what a file may state of a network, far above what networks for pictures have, so that a hostile file costs little. */

/** InceptionResNetV2 has 782. */
export const MAX_LAYERS = 10_000
/** For one feature map, 1 GB as float32. VGG at 224 pixels has 3 million. */
export const MAX_MAP_VALUES = 2 ** 28

/** Throws a NetworkError that names the first layer whose feature map is larger than any network's. */
export function demandMapSizes ({ layers }: Network): void {
  const large = layers.find(({ outputShape }) => sizeOf(outputShape) > MAX_MAP_VALUES)
  if (large !== undefined) {
    throw new NetworkError(
      `${describeLayer(large)} gives ${large.outputShape.join('x')} numbers, and ${MAX_MAP_VALUES} are the most that is taken`
    )
  }
}
