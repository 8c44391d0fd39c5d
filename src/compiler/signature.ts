/*
 * The ends of a compiled graph. There is one signature with all of them: TensorFlow keeps an executor, and with it a copy of the
 * weights, for each set of outputs that is fetched, so every run feeds all inputs and fetches all outputs. What was not asked for is
 * not computed and comes back empty (a first dimension of 0).
 */

/** What a run is fed; n is the number of images. */
export const INPUTS = {
  /** Strings [n], each the raw bytes of one image's pixels, row by row, channels last; [0] where the values are given. */
  images: 'images',
  /** Float32 [n, height, width, channels], taken as they are, after rescaling; [0, height, width, channels] where images are given. */
  values: 'values',
  /** Bool [3]: which of `WANTABLE` to compute, in that order. */
  wanted: 'wanted',
  /** Int32 []: of how many classes to compute `top_maps`, at most of all; 0 for none. */
  mapCount: 'map_count',
  /** Bool []: true to read `values`, false to read `images`. */
  fromValues: 'from_values'
} as const

/** What a run gives, float32 whatever the precision. A network may lack all but the probabilities. */
export const OUTPUTS = {
  /** [n, classes], always computed. */
  probabilities: 'probabilities',
  /** [n, channels]: what the global pooling before the classifier gives. */
  features: 'features',
  /** [n, height, width, channels]: what is pooled. */
  featureMap: 'feature_map',
  /** [n, height, width, units]: the classifier at every position, without its bias; their mean is the logits less the bias. */
  maps: 'maps',
  /** [n, height, width, map_count]: the same for each image's most probable classes alone, in the order of their probabilities. */
  topMaps: 'top_maps'
} as const

/** Outputs that are computed only when asked for, in the order of the input `wanted`. */
export const WANTABLE = [OUTPUTS.features, OUTPUTS.featureMap, OUTPUTS.maps] as const
export type Wantable = typeof WANTABLE[number]
