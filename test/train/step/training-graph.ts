import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Random } from '../../../src/base/random.js'
import { outputUnits, type Network } from '../../../src/model/network.js'
import { sizeOf, type Weights } from '../../../src/model/weights.js'
import { trainingEnvironment } from '../../../src/train/process/environment.js'
import { TrainingProcess } from '../../../src/train/process/training-process.js'
import type { Images, VariableValues } from '../../../src/train/process/protocol.js'
import { trainingProgram, type TrainingOptions } from '../../../src/train/step/program.js'
import { tempFolder } from '../../support/temp-folder.js'

export interface TrainingGraph {
  readonly training: TrainingProcess
  /** Weights with momenta of zero. */
  readonly write: (weights: Weights) => Promise<void>
}

/** A process with the graph of a training step, on one thread. */
export async function startTraining (t: TestContext, options: TrainingOptions): Promise<TrainingGraph> {
  const folder = tempFolder(t)
  const { savedModel, variables } = trainingProgram(options)
  writeFileSync(join(folder, 'saved_model.pb'), savedModel)
  const training = new TrainingProcess(trainingEnvironment({ backend: 'cpu', threads: 1 }))
  t.after(async () => { await training.close() })
  await training.load(folder)
  const write = async (weights: Weights): Promise<void> => {
    const values: VariableValues = new Map(variables.map(({ name, shape }) => (
      [name, { shape, data: weights.get(name)?.data ?? new Float32Array(sizeOf(shape)) }]
    )))
    await training.write(values)
  }
  return { training, write }
}

/** Images of noise and soft labels, from a seed. */
export function randomBatch (network: Network, count: number, seed = 1): { images: Images, labels: Float32Array<ArrayBuffer> } {
  const random = new Random(seed)
  const { side, channels } = network.input
  const classes = outputUnits(network)
  const images = Array.from({ length: count }, () => Uint8Array.from({ length: side * side * channels }, () => random.below(256)))
  const labels = Float32Array.from({ length: count * classes }, () => 0.1 / classes)
  for (let image = 0; image < count; image++) labels[image * classes + random.below(classes)] = 0.9 + 0.1 / classes
  return { images, labels }
}

export function mean (numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((sum, number) => sum + number, 0) / numbers.length
}
