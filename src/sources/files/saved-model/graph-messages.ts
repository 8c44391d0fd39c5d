/* Messages of TensorFlow's as `decodeSavedModel` gives them. */

export interface Shape { readonly dimensions?: ReadonlyArray<{ readonly size?: number }>, readonly isUnknown?: boolean }

/** Values in `content`, little-endian, or one by one; where they are fewer than the shape says, the last of them repeats. */
export interface Tensor {
  readonly dtype?: number
  readonly shape?: Shape
  readonly content?: Uint8Array
  readonly halves?: readonly number[]
  readonly floats?: readonly number[]
  readonly doubles?: readonly number[]
  readonly integers?: readonly number[]
  readonly texts?: readonly Uint8Array[]
  readonly longs?: readonly number[]
}

export interface Attribute {
  readonly list?: { readonly integers?: readonly number[], readonly shapes?: readonly Shape[] }
  readonly text?: Uint8Array
  readonly integer?: number
  readonly float?: number
  readonly flag?: boolean
  readonly type?: number
  readonly shape?: Shape
  readonly tensor?: Tensor
  readonly function?: { readonly name?: string }
}

export interface Node {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface GraphFunction {
  readonly signature: {
    readonly name: string
    readonly inputs: ReadonlyArray<{ readonly name: string }>
    readonly outputs: ReadonlyArray<{ readonly name: string }>
  }
  readonly nodes: readonly Node[]
  readonly returns: Readonly<Record<string, string>>
}

export interface TensorInfo { readonly name?: string, readonly dtype?: number, readonly shape?: Shape }

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>
  readonly outputs: Readonly<Record<string, TensorInfo>>
}

export interface MetaGraph {
  readonly info?: { readonly tags: readonly string[] }
  readonly graph?: { readonly nodes: readonly Node[], readonly library?: { readonly functions: readonly GraphFunction[] } }
  readonly signatures: Readonly<Record<string, Signature>>
}

/** TensorFlow's numbers of types (tensorflow/core/framework/types.proto). */
export const TYPES = { float32: 1, float64: 2, int32: 3, uint8: 4, string: 7, int64: 9, bfloat16: 14, float16: 19 } as const
