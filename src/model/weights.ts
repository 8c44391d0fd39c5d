import { OperatorError } from '../base/errors.js'

/** A weight as every reader yields it: float32, row-major, Keras's dimension order (HWIO for convolutions). */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** The weights of a network by the name that `layersOf` gives them, `<layer>/<weight>`. */
export type Weights = ReadonlyMap<string, Tensor>

/** A weight file that cannot be used; the message is one sentence for the operator. */
export class WeightsError extends OperatorError {
  override readonly name = 'WeightsError'
}

/** Number of values of a shape. */
export function sizeOf (shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
