/** What a layer of the file gave: a layer of the network. */
export interface Given {
  readonly name: string
  /** True where the file has no dimension for its one channel. */
  readonly isPlane: boolean
}
