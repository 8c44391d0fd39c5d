import { PythonProcess } from '../python/process.js'
import type { PythonContestant, Runs, TimedEngine } from './engine.js'
import type { ExportedNetwork } from './exported.js'

/** One of Python's engines; it times itself, so that nothing of the way to its process is counted. `before` as in ContestantProcess. */
export async function startPythonEngine (
  { engine, precision }: PythonContestant, exported: ExportedNetwork, threads: number, before: readonly string[] = []
): Promise<TimedEngine> {
  const { pixels, shape } = exported
  const network = precision === 'int8' ? exported.quantized : exported.network
  if (network === undefined) throw new Error(`the network for ${engine} was not quantized`)
  const python = PythonProcess.start('bench/engines/engine.py', before)
  const version = await python.ask({ engine, precision, threads, network, pixels, shape }) as string
  return {
    version,
    run: async (batch, repeats): Promise<Runs> => {
      const { milliseconds, probabilities } = await python.ask({ batch, repeats }) as Record<keyof Runs, number[]>
      return { milliseconds, probabilities: Float32Array.from(probabilities) }
    },
    stop: () => python.stop()
  }
}
