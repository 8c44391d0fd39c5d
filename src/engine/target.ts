import { OperatorError } from '../base/errors.js'
import type { ModelTarget } from '../compiler/index.js'
import type { Backend } from './backend.js'
import { chooseKernels, targetOf, type Kernels, type Products } from './kernels.js'
import { choosePrecision } from './precision.js'

/** The settings of what to compute in. */
export type PrecisionSetting = Products | 'auto'

/** How a model is computed under a setting on this machine. */
export interface Computation {
  /** What it is called. */
  readonly precision: Products
  /** What computes its separable convolutions. */
  readonly kernels: Kernels
  readonly target: ModelTarget
}

/** Throws an OperatorError where there are no kernels for int8. */
export function chooseComputation (setting: PrecisionSetting, backend: Backend): Computation {
  if (setting === 'int8') return int8Computation(backend)
  const precision = choosePrecision(setting, backend)
  const kernels = chooseKernels(precision, backend)
  return { precision, kernels, target: targetOf(precision, kernels) }
}

/** What a graph is compiled for under a setting on this machine. Throws as `chooseComputation`. */
export function chooseTarget (setting: PrecisionSetting, backend: Backend): ModelTarget {
  return chooseComputation(setting, backend).target
}

/** Kernels for int8 that read and write bfloat16, too, where the CPU has it. */
const READ_BFLOAT16: readonly Kernels[] = ['avx512_vnni', 'neon_i8mm']

/** All but the products is in bfloat16 where the CPU and the kernels have it. */
function int8Computation (backend: Backend): Computation {
  const kernels = chooseKernels('int8', backend)
  if (kernels === 'tensorflow') {
    throw new OperatorError(backend === 'gpu'
      ? 'PRECISION=int8 is for CPUs: set BACKEND=cpu, or PRECISION=auto'
      : 'PRECISION=int8 needs a CPU with AVX2, or one of Arm\'s with dot products, and the kernels that npm run setup compiles on Linux: ' +
        'set PRECISION=auto'
    )
  }
  const precision = READ_BFLOAT16.includes(kernels) ? choosePrecision('auto', backend) : 'float32'
  return { precision: 'int8', kernels, target: { precision, ownKernels: true, quantized: true } }
}
