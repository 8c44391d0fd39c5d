import { existsSync } from 'node:fs'
import { addon } from '../base/addon.js'
import { convolutionsAddonPath } from '../base/installed.js'
import type { Precision, Target } from '../compiler/index.js'
import type { Backend } from './backend.js'
import type { Kernels, Products } from './choice/candidates.js'

export type { Kernels, Products }

/** The kernels that such products get on this machine where nothing is measured. */
export function chooseKernels (products: Products, backend: Backend): Kernels {
  if (backend !== 'cpu' || kernelsAddon() === undefined) return 'tensorflow'
  return addon().kernelRows().find(({ weights }) => weights === products)?.name ?? 'tensorflow'
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
