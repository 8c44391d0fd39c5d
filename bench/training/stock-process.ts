import { performance } from 'node:perf_hooks'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import { outputUnits } from '../../src/model/network.js'
import { randomWeights } from '../../src/model/random-weights.js'
import { toChannelsLast } from '../engines/pixels.js'
import { StockTraining } from '../engines/stock-training.js'
import { loadTensorFlow } from '../engines/stock.js'
import { testImages } from '../network/model.js'
import { oneHot } from './labels.js'
import type { TrainingTask } from './contestant.js'

/* Stock tfjs-node in a process of its own: the first message is the task, each further one a number of steps. */

type Step = () => void

function start ({ network, batch, threads }: TrainingTask): { readonly step: Step, readonly version: string } {
  Object.assign(process.env, tensorFlowEnvironment({ backend: 'cpu', threads }))
  const tf = loadTensorFlow()
  const { side, rescaling } = network.input
  const training = new StockTraining(tf, { network, weights: randomWeights(network) }, 0.01)
  const classes = outputUnits(network)
  const images = testImages(batch, side)
  return {
    version: `tfjs-node ${tf.version['tfjs-node']}`,
    step: () => {
      const values = tf.tensor4d(toChannelsLast(images, side, rescaling), [batch, side, side, 3])
      const labels = tf.tensor2d(oneHot(batch, classes), [batch, classes])
      training.step(values, labels)
      tf.dispose([values, labels])
    }
  }
}

let step: Step | undefined

process.on('disconnect', () => { process.exit(0) })
process.on('message', (message: TrainingTask | number) => {
  if (typeof message !== 'number') {
    const started = start(message)
    step = started.step
    process.send?.(started.version)
    return
  }
  process.send?.(Array.from({ length: message }, () => {
    const startedAt = performance.now()
    step?.()
    return performance.now() - startedAt
  }))
})
