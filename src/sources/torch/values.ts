import type { FloatFormat } from '../files/floats.js'

/* What a pickle of PyTorch's holds, as data: nothing of it is an object of a class, and nothing was called. */

/** The ways in which PyTorch keeps the numbers that are read. */
export type StorageFormat = FloatFormat | 'float64' | 'int64'

export const STORAGE_BYTES: Readonly<Record<StorageFormat, number>> = { float32: 4, float16: 2, bfloat16: 2, float64: 8, int64: 8 }

/** A class or a function, of which nothing is known but its name. */
export class Global {
  constructor (readonly name: string) {}
}

/** An object of a class that is not known, with what it was pickled with. */
export class InertRecord {
  state: Value = null

  constructor (readonly className: string) {}
}

/** Which of the numbers that the file has under one key, `total` in all. */
export interface StorageRange { readonly count: number, readonly offset: number, readonly total: number }

/** Numbers in the file, of which tensors are views. */
export class NumberStorage {
  constructor (readonly key: string, readonly format: StorageFormat, readonly range: StorageRange) {}
}

/** A view of a storage; offset and strides are counted in numbers. */
export class StoredTensor {
  constructor (
    readonly storage: NumberStorage, readonly offset: number, readonly shape: readonly number[], readonly strides: readonly number[]
  ) {}
}

export type Dictionary = Map<Value, Value>

/** Lists and tuples are arrays. */
export type Value =
  null | boolean | number | bigint | string | Uint8Array | Value[] | Dictionary | Global | InertRecord | NumberStorage | StoredTensor
