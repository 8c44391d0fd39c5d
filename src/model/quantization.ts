/** How one separable convolution's product is computed in int8. The ranges are those of its depthwise output. */
export interface LayerQuantization {
  /** [channels]: what becomes 0. Where it equals `high`, the channel counts as constant. */
  readonly low: Float32Array
  /** [channels]: what becomes 255. */
  readonly high: Float32Array
  /** [filters], added to the bias. */
  readonly biasCorrection: Float32Array
}

/** By the separable convolution's name. Layers that are not in it are computed in the precision of the rest. */
export type Quantization = ReadonlyMap<string, LayerQuantization>
