import { readFileSync } from 'node:fs'
import { cpuShare } from '../base/cpus.js'
import { OperatorError } from '../base/errors.js'
import { UnreadableError, isNotThere, unreadable } from '../base/existing.js'
import { flavourPath } from '../base/installed.js'

export type Backend = 'cpu' | 'gpu'

/** What the set-up installed: which flavour of which TensorFlow. */
export interface InstalledTensorFlow {
  readonly flavour: Backend
  readonly tensorflow: string
  /** A hash of all that this project's native parts were made of. */
  readonly addon?: string
}

/** Reads the note that the set-up leaves beside the library. Throws an OperatorError if there is none. */
export function installedTensorFlow (): InstalledTensorFlow {
  const path = flavourPath()
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as InstalledTensorFlow
  } catch (error) {
    const refused = unreadable(path, error)
    if (refused instanceof UnreadableError && !isNotThere(refused)) throw refused
    throw new OperatorError('TensorFlow is not installed: run npm run setup', { cause: error })
  }
}

/** The backend that a setting means here. Throws an OperatorError if the installed TensorFlow cannot be it. */
export function chooseBackend (setting: Backend | 'auto'): Backend {
  const { flavour } = installedTensorFlow()
  if (setting === 'gpu' && flavour === 'cpu') {
    throw new OperatorError(
      'BACKEND=gpu needs the CUDA flavour of TensorFlow, and the CPU flavour is installed: run npm run setup -- --gpu'
    )
  }
  return setting === 'auto' ? flavour : setting
}

/** Each worker has a TensorFlow of its own, and more threads at work than there are CPUs wait for each other. */
export function threadsOfWorker (
  { tensorflowThreads, engineWorkers }: { readonly tensorflowThreads: number, readonly engineWorkers: number }
): number {
  return Math.max(1, Math.floor(tensorflowThreads / engineWorkers))
}

/** What TensorFlow is told by its process's environment, which is the only way. */
export function tensorFlowEnvironment (
  options: { backend: Backend | 'auto', threads: number }, cpus = cpuShare()
): Record<string, string> {
  const threads = String(options.threads)
  return {
    TF_NUM_INTRAOP_THREADS: threads,
    // One operation after the other, each split over all threads.
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: threads,
    // Threads of our kernels' that look for work take the time of those that have some, or of a quota.
    ...(options.threads > cpus ? { XCEPTION_PATIENCE_US: '0' } : {}),
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2',
    ...(options.backend === 'cpu' ? { CUDA_VISIBLE_DEVICES: '-1' } : {})
  }
}
