import type { KernelRow, OwnKernels } from '../../base/addon.js'
import type { ModelTarget, Precision } from '../../compiler/index.js'

/** What computes a network's convolutions: this project's own kernels, by the instructions that they use, or TensorFlow's. */
export type Kernels = OwnKernels | 'tensorflow'

/** What their products are of. TensorFlow has no int8 for them. */
export type Products = Precision | 'int8'

/** One way to compute a network on this machine. */
export interface Candidate {
  readonly products: Products
  /** What feature maps are made of. */
  readonly maps: Precision
  readonly kernels: Kernels
}

/** All ways to compute such products here, the one first that is taken where nothing was measured. */
export function candidatesOf (products: Products, rows: readonly KernelRow[]): Candidate[] {
  const own = rows.filter(({ weights }) => weights === products)
    .map(({ maps, name }): Candidate => ({ products, maps, kernels: name }))
  // Feature maps of half the size are less to move.
  const byMaps = [...own.filter(({ maps }) => maps === 'bfloat16'), ...own.filter(({ maps }) => maps === 'float32')]
  return products === 'int8' ? byMaps : [...byMaps, { products, maps: products, kernels: 'tensorflow' }]
}

/** Whether both are the same way to compute. */
export function isSame (one: Candidate, other: Readonly<Record<keyof Candidate, string>>): boolean {
  return one.products === other.products && one.maps === other.maps && one.kernels === other.kernels
}

/** Whether one graph is computed by both: the kernels are not part of it. */
export function sameGraph (one: Candidate, other: Candidate): boolean {
  const isOwn = (candidate: Candidate): boolean => candidate.kernels !== 'tensorflow'
  return one.products === other.products && one.maps === other.maps && isOwn(one) === isOwn(other)
}

export function targetOf ({ products, maps, kernels }: Candidate): ModelTarget {
  const target = { precision: maps, ownKernels: kernels !== 'tensorflow' }
  return products === 'int8' ? { ...target, quantized: true } : target
}

/** What the addon exports; native/convolutions/addon.cc says what each does. */
export interface KernelsAddon {
  use (weights: Products, name: string): void
  takeStamps (): number[]
}
