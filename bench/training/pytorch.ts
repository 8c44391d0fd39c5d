import type { Precision } from '../../src/compiler/index.js'
import { outputUnits } from '../../src/model/network.js'
import { PythonProcess } from '../python/process.js'
import type { Contestant, TrainingTask } from './contestant.js'

/** PyTorch with channels last, as its guide for CPUs has it; bfloat16 by autocast. */
export async function startPyTorch ({ network, batch, threads }: TrainingTask, precision: Precision): Promise<Contestant> {
  const python = PythonProcess.start('bench/training/pytorch.py')
  const { side } = network.input
  const task = { layers: network.layers, batch, side, classes: outputUnits(network), threads, precision }
  return {
    name: 'PyTorch',
    precision,
    version: `PyTorch ${String(await python.ask(task))}`,
    step: async (count) => await python.ask(count) as number[],
    close: () => python.stop()
  }
}
