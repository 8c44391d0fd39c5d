/** What the options of a preset say, for the function that builds it. */
export interface Plan {
  /** Stride of the first convolution. */
  readonly stem: number
  readonly classes: number
  /** Filters of a layer that has `count` at full width. Throws an Error if none is left. */
  filters (count: number): number
}
