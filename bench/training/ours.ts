import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Precision } from '../../src/compiler/index.js'
import { installedTensorFlow } from '../../src/engine/backend.js'
import { outputUnits } from '../../src/model/network.js'
import { randomWeights } from '../../src/model/random-weights.js'
import { sizeOf } from '../../src/model/weights.js'
import { DEFAULT_RECIPE } from '../../src/train/fit/recipe.js'
import { trainingEnvironment } from '../../src/train/process/environment.js'
import { TrainingProcess } from '../../src/train/process/training-process.js'
import { trainingProgram } from '../../src/train/step/program.js'
import { testImages } from '../network/model.js'
import { oneHot } from './labels.js'
import type { Contestant, TrainingTask } from './contestant.js'

/** A step as one graph, as `xception train --preset` runs it. */
export async function startOurs ({ network, batch, threads }: TrainingTask, precision: Precision): Promise<Contestant> {
  const { savedModel, variables } = trainingProgram({ ...DEFAULT_RECIPE, network, precision, batch })
  const training = new TrainingProcess(trainingEnvironment({ backend: 'cpu', threads }))
  const folder = await mkdtemp(join(tmpdir(), 'xception-bench-'))
  try {
    await writeFile(join(folder, 'saved_model.pb'), savedModel)
    await training.load(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
  const weights = randomWeights(network)
  await training.write(new Map(variables.map(({ name, shape }) => (
    [name, { shape, data: weights.get(name)?.data ?? new Float32Array(sizeOf(shape)) }]
  ))))
  const images = testImages(batch, network.input.side)
  const labels = oneHot(batch, outputUnits(network))
  return {
    name: 'this project',
    precision,
    version: `TensorFlow ${installedTensorFlow().tensorflow}`,
    step: async (count) => {
      const milliseconds: number[] = []
      for (let done = 0; done < count; done++) {
        const startedAt = performance.now()
        await training.step({ images, labels, learningRate: 0.01 })
        milliseconds.push(performance.now() - startedAt)
      }
      return milliseconds
    },
    close: async () => { await training.close() }
  }
}
