/** An operand after flattening: the layer that is read, or a constant. */
export type FlatOperand =
  | { readonly layer: FlatLayer }
  | { readonly constant: unknown }

/** A layer of a model whose nested models are flattened. */
export interface FlatLayer {
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  readonly operands: readonly FlatOperand[]
  /** What it is called with by name, such as `alpha`. */
  readonly keywords: Readonly<Record<string, unknown>>
  /** Which of several tensors it gives; each of them is a layer here. */
  readonly tensor: number
  readonly place: StoredAt
}

/** Where a file keeps a layer's weights. */
export interface StoredAt {
  /** Name of the outermost model's layer that it is or is part of: the group of a legacy HDF5 file. */
  readonly topLevel: string
  /** Path in a Keras 3 file: the containers' and its own class names, numbered within each container. */
  readonly classPath: string
  /** The same path made of names. */
  readonly namePath: string
}
