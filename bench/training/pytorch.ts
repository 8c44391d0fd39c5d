import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { packagePath } from '../../src/base/package-root.js'
import type { Precision } from '../../src/compiler/index.js'
import { outputUnits } from '../../src/model/network.js'
import type { Contestant, TrainingTask } from './contestant.js'

/** `PYTHON` names another than the one on the path. */
const PYTHON = process.env.PYTHON ?? 'python3'

/** Why PyTorch is left out here; undefined where it is not. */
export function whyNoPyTorch (): string | undefined {
  const { status } = spawnSync(PYTHON, ['-c', 'import torch'], { stdio: 'ignore' })
  return status === 0 ? undefined : `${PYTHON} has no torch`
}

/** PyTorch with channels last, as its guide for CPUs has it; bfloat16 by autocast. */
export async function startPyTorch ({ network, batch, threads }: TrainingTask, precision: Precision): Promise<Contestant> {
  const child = spawn(PYTHON, [packagePath('bench/training/pytorch.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (line: string): Promise<unknown> => {
    child.stdin.write(`${line}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error('PyTorch ended without an answer')
    return JSON.parse(String(value))
  }
  const { side } = network.input
  const task = { layers: network.layers, batch, side, classes: outputUnits(network), threads, precision }
  return {
    name: 'PyTorch',
    precision,
    version: `PyTorch ${String(await ask(JSON.stringify(task)))}`,
    step: async (count) => await ask(String(count)) as number[],
    close: async () => {
      const exit = once(child, 'exit')
      child.stdin.end()
      await exit
    }
  }
}
