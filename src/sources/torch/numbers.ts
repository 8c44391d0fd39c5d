import { toFloat32 } from '../files/floats.js'
import type { TorchFile } from './container.js'
import type { StorageFormat, StoredTensor } from './values.js'

/** The numbers of a tensor, row by row, whatever the order in which its storage has them. */
export async function readTensor (file: TorchFile, { storage, offset, shape, strides }: StoredTensor): Promise<Float32Array> {
  const count = shape.reduce((product, side) => product * side, 1)
  if (count === 0) return new Float32Array()
  const reach = shape.reduce((sum, side, axis) => sum + (side - 1) * (strides[axis] ?? 0), 1)
  const numbers = toNumbers(await file.read(storage, offset, reach), storage.format)
  return isContiguous(shape, strides) ? numbers : gathered(numbers, shape, strides, count)
}

function toNumbers (bytes: Uint8Array<ArrayBuffer>, format: StorageFormat): Float32Array {
  switch (format) {
    case 'float64': return Float32Array.from(new Float64Array(bytes.buffer))
    case 'int64': return Float32Array.from(new BigInt64Array(bytes.buffer), Number)
    default: return toFloat32(bytes, format)
  }
}

function isContiguous (shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const side = shape[axis] ?? 1
    if (side !== 1 && strides[axis] !== expected) return false
    expected *= side
  }
  return true
}

function gathered (numbers: Float32Array, shape: readonly number[], strides: readonly number[], count: number): Float32Array {
  const values = new Float32Array(count)
  const index = shape.map(() => 0)
  let position = 0
  for (let target = 0; target < count; target++) {
    values[target] = numbers[position] ?? 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [stride = 0, side = 1] = [strides[axis], shape[axis]]
      index[axis] = (index[axis] ?? 0) + 1
      position += stride
      if ((index[axis] ?? 0) < side) break
      position -= stride * side
      index[axis] = 0
    }
  }
  return values
}
