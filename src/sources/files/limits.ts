/** Limits on what a file may claim, far above anything an Xception needs, so that a hostile file costs little. */

/** For JSON: model.json, config.json, the header of safetensors. Real ones have 20 to 200 KB. */
export const MAX_JSON_BYTES = 16 * 2 ** 20
/** The full network has 236 weights. */
export const MAX_WEIGHTS = 10_000
/** For all weights of a file together, as float32. The full network has 92 MB. */
export const MAX_TOTAL_BYTES = 2 * 2 ** 30
/** How many times larger data may be than the compressed bytes it comes from. Trained weights reach 1.1. */
export const MAX_COMPRESSION = 100
