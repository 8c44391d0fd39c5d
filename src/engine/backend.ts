import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { OperatorError } from '../base/errors.js'

export type Backend = 'cpu' | 'gpu'

/** What the set-up installed: which flavour of which TensorFlow. */
export interface InstalledTensorFlow { readonly flavour: Backend, readonly tensorflow: string }

/** Reads the note that the set-up leaves beside the library. Throws an OperatorError if there is none. */
export function installedTensorFlow (): InstalledTensorFlow {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'))
  try {
    return JSON.parse(readFileSync(join(folder, 'deps/flavour.json'), 'utf8')) as InstalledTensorFlow
  } catch {
    throw new OperatorError('TensorFlow is not installed: run npm run setup')
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

/**
 * Prepares the process for the worker that loads TensorFlow. To be called on the main thread before the worker starts:
 * TensorFlow reads the real environment, and a worker's `process.env` is a copy of it. `threads` split each operation;
 * `sessions` run at the same time.
 */
export function configureTensorFlow (options: { backend: Backend | 'auto', threads: number, sessions?: number }): void {
  const threads = String(options.threads)
  Object.assign(process.env, {
    TF_NUM_INTRAOP_THREADS: threads,
    // All sessions of a process share this pool too: with fewer threads than sessions, one waits for the other.
    TF_NUM_INTEROP_THREADS: String(options.sessions ?? 1),
    OMP_NUM_THREADS: threads,
    TF_FORCE_GPU_ALLOW_GROWTH: 'true'
  })
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  if (options.backend === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1'
}
