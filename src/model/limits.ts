/** Limits on what a file may state of a network, far above what networks for pictures have, so that a hostile file costs little. */

/** InceptionResNetV2 has 782. */
export const MAX_LAYERS = 10_000
/** For one feature map, 1 GB as float32. VGG at 224 pixels has 3 million. */
export const MAX_MAP_VALUES = 2 ** 28
