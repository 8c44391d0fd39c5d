import type { ModelTarget } from '../compiler/index.js'
import type { Backend } from './backend.js'
import { threadsOfWorker } from './backend.js'
import { targetOf, type Kernels, type Products } from './choice/candidates.js'
import {
  choose, chooseByTable, onGpu, type Choice, type KernelsSetting, type PrecisionSetting, type Reason
} from './choice/choose.js'
import type { KernelNames } from './protocol.js'

export type { KernelsSetting, PrecisionSetting }

/** What decides how a model is computed, beside the machine. */
export interface ComputationSettings {
  readonly precision: PrecisionSetting
  readonly kernels: KernelsSetting
  readonly tensorflowThreads: number
  readonly engineWorkers: number
  readonly cacheDir: string
}

/** How a model is computed under settings on this machine. */
export interface Computation {
  /** What it is called. */
  readonly precision: Products
  /** What computes its convolutions. */
  readonly kernels: Kernels
  readonly reason: Reason
  /** Why, in words. */
  readonly why: string
  readonly target: ModelTarget
  /** What an engine's process is to compute with. */
  readonly kernelNames: KernelNames
}

/**
 * Chooses what is fastest on this machine, which is measured once; `onStep` is told in words what takes time. Throws an OperatorError
 * where nothing computes as the settings say.
 */
export async function chooseComputation (
  settings: ComputationSettings, backend: Backend, onStep?: (step: string) => void
): Promise<Computation> {
  if (backend === 'gpu') return computationOf(onGpu(settings.precision, backend))
  return computationOf(await choose(settings, { threads: threadsOfWorker(settings), cacheDir: settings.cacheDir, onStep }))
}

/** What a graph is compiled for where nothing is measured, as for tests. Throws as `chooseComputation`. */
export function targetByTable (precision: PrecisionSetting, backend: Backend): ModelTarget {
  if (backend === 'gpu') return targetOf(onGpu(precision, backend).candidate)
  return targetOf(chooseByTable({ precision, kernels: 'auto' }))
}

function computationOf ({ candidate, reason, why }: Choice): Computation {
  const { products, kernels } = candidate
  const kernelNames = kernels === 'tensorflow' ? {} : { [products]: kernels }
  return { precision: products, kernels, reason, why, target: targetOf(candidate), kernelNames }
}
