import { existsSync, readFileSync } from 'node:fs'
import { convolutionsAddonPath } from '../base/installed.js'
import type { Precision, Target } from '../compiler/index.js'
import type { Backend } from './backend.js'

/** What computes a network's separable convolutions: this project's own kernels, by the instructions that they use, or TensorFlow's. */
export type Kernels = 'avx512_vnni' | 'avx512_bf16' | 'avx512' | 'avx2' | 'tensorflow'

/** What their products are of. TensorFlow has no int8 for them. */
export type Products = Precision | 'int8'

/** Flags of /proc/cpuinfo that each needs. */
const NEEDS: Readonly<Record<Products, ReadonlyArray<readonly [Exclude<Kernels, 'tensorflow'>, readonly string[]]>>> = {
  float32: [['avx512', ['avx512f']], ['avx2', ['avx2', 'fma']]],
  bfloat16: [['avx512_bf16', ['avx512_bf16', 'avx512bw', 'avx512vl']]],
  int8: [['avx512_vnni', ['avx512f', 'avx512_vnni']], ['avx2', ['avx2', 'fma']]]
}

/** The kernels that such products get on this machine. */
export function chooseKernels (products: Products, backend: Backend): Kernels {
  return backend === 'cpu' && kernelsAddon() !== undefined ? kernelsFor(products, cpuFlags()) : 'tensorflow'
}

/** What a CPU with these flags, as /proc/cpuinfo lists them, has kernels for. */
export function kernelsFor (products: Products, flags: string): Kernels {
  const has = new Set(flags.split(/\s+/))
  return NEEDS[products].find(([, needed]) => needed.every((flag) => has.has(flag)))?.[0] ?? 'tensorflow'
}

/** What to compile for. */
export function targetOf (precision: Precision, kernels: Kernels): Target {
  return { precision, ownKernels: kernels !== 'tensorflow' }
}

/** The addon's path; undefined where it was not compiled. */
export function kernelsAddon (): string | undefined {
  const path = convolutionsAddonPath()
  return existsSync(path) ? path : undefined
}

/** Empty where there is no such file. */
export function cpuFlags (): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
