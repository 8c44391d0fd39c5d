/** What is kept of a channel's values; those beyond become its ends. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** What is known of a channel of a layer's depthwise output. The range is the least that is to be kept; the one that is chosen holds it. */
export interface ChannelStatistics extends Range {
  readonly mean: number
  readonly variance: number
  /** The mean after what lies beyond the range has become its ends. */
  readonly keptMean: number
}
