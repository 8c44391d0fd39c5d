/** What is known of a channel of a layer's depthwise output. */
export interface ChannelStatistics {
  /** The least range that is to be kept; the one that is chosen holds it. */
  readonly low: number
  readonly high: number
  readonly mean: number
  readonly variance: number
  /** The mean after what lies beyond the range has become its ends. */
  readonly keptMean: number
}
