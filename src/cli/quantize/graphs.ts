import type { Folded } from '../../compiler/fold/fold.js'
import { compile, type Precision, type SavedModel } from '../../compiler/index.js'
import { chooseKernels, targetOf } from '../../engine/kernels.js'
import { choosePrecision } from '../../engine/precision.js'
import { targetByTable } from '../../engine/target.js'
import type { Quantization } from '../../model/quantization.js'
import { simulatedInt8 } from '../../quantize/simulate.js'

/** How a folded network is computed on the CPU of this machine. */
export interface Graphs {
  readonly float32: () => SavedModel
  /** Undefined where the CPU does not compute in it. */
  readonly bfloat16: (() => SavedModel) | undefined
  readonly int8: (quantization: Quantization) => SavedModel
  /** What int8 leaves the layers in that are not in it. */
  readonly rest: Precision
  /** True where there are no kernels for int8: float32 gives what they would, and its time says nothing. */
  readonly isSimulated: boolean
}

export function graphsOf (folded: Folded): Graphs {
  const plain = (precision: Precision) => (): SavedModel => (
    compile({ ...folded, ...targetOf(precision, chooseKernels(precision, 'cpu')) })
  )
  const bfloat16 = choosePrecision('auto', 'cpu') === 'bfloat16' ? plain('bfloat16') : undefined
  const float32 = plain('float32')
  if (chooseKernels('int8', 'cpu') === 'tensorflow') {
    return { float32, bfloat16, int8: (quantization) => simulatedInt8(folded, quantization), rest: 'float32', isSimulated: true }
  }
  const { precision: rest, ownKernels } = targetByTable('int8', 'cpu')
  const int8 = (quantization: Quantization): SavedModel => compile({ ...folded, precision: rest, ownKernels, quantization })
  return { float32, bfloat16, int8, rest, isSimulated: false }
}
