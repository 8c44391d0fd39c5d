import type { Precision } from '../../src/compiler/index.js'
import { chooseKernels, type Products } from '../../src/engine/kernels.js'
import { loadModel } from '../network/model.js'
import { whyNoModules } from '../python/packages.js'
import { isPythons, nameOf, type Contestant, type NodeContestant, type PythonContestant, type TimedEngine } from './engine.js'
import { exportNetwork, type ExportedNetwork } from './exported.js'
import { ContestantProcess } from './process.js'
import { startPythonEngine } from './python.js'

export const REFERENCE = { engine: 'onnxruntime-node', precision: 'float32' } as const satisfies NodeContestant
export const STOCK = { engine: 'tfjs-node', precision: 'float32' } as const satisfies NodeContestant

/** What quantizing takes: the one quantized network is for all who compute in int8. */
const QUANTIZING = ['onnx', 'onnxruntime']

/** Who is measured here, and who could not be, with the reason. */
export interface Contestants {
  readonly contestants: readonly Contestant[]
  readonly leftOut: readonly string[]
}

/** This project in each precision that is worth a row, and its peers; the strongest are Python's, where it is at hand. */
export function contestantsHere (precisions: readonly Precision[]): Contestants {
  const inPython: readonly PythonContestant[] = [
    ...precisions.map((precision) => ({ engine: 'openvino', precision } as const)),
    { engine: 'openvino', precision: 'int8' },
    { engine: 'onnxruntime', precision: 'int8' }
  ]
  const own: readonly Products[] = chooseKernels('int8', 'cpu') === 'tensorflow' ? precisions : [...precisions, 'int8']
  const missing = new Map(inPython.map((one) => [one, whyNoModules([one.engine, ...one.precision === 'int8' ? QUANTIZING : []])]))
  return {
    contestants: [
      ...own.map((precision) => ({ engine: 'ours', precision } as const)),
      ...inPython.filter((one) => missing.get(one) === undefined),
      REFERENCE,
      STOCK
    ],
    leftOut: [...missing].flatMap(([one, reason]) => reason === undefined ? [] : [`${nameOf(one)} is left out, ${reason}`])
  }
}

/** The files from which those in Python are started: `images` pictures, and the network as they need it. Undefined where nobody is. */
export async function exportFor (
  contestants: readonly Contestant[], model: string | undefined, { folder, images }: { readonly folder: string, readonly images: number }
): Promise<ExportedNetwork | undefined> {
  const inPython = contestants.filter(isPythons)
  if (inPython.length === 0) return undefined
  const quantized = inPython.some(({ precision }) => precision === 'int8')
  return await exportNetwork(await loadModel(model), { folder, images, quantized })
}

export interface StartOptions {
  readonly threads: number
  readonly model: string | undefined
  /** What exportFor made. */
  readonly exported: ExportedNetwork | undefined
  /** Starts each process, such as `taskset` with its arguments. */
  readonly before?: readonly string[]
}

/** Starts them one after the other into `engines`, by name, so that those that started can be stopped when one does not. */
export async function startContestants (
  engines: Map<string, TimedEngine>, contestants: readonly Contestant[], { threads, model, exported, before = [] }: StartOptions
): Promise<void> {
  for (const one of contestants) {
    if (!isPythons(one)) engines.set(nameOf(one), await ContestantProcess.start({ ...one, threads, model }, before))
    else if (exported !== undefined) engines.set(nameOf(one), await startPythonEngine(one, exported, threads, before))
  }
}
