import type * as TensorFlow from '@tensorflow/tfjs-node'
import type { BenchModel } from '../network/model.js'
import { layersModel } from './stock.js'

export interface StockStep {
  /** Cross entropies, one an image. */
  readonly losses: Float32Array
  /** Gradient of the mean loss by each weight that learns, by its name in the network. */
  readonly gradients: ReadonlyMap<string, Float32Array>
}

/** A training step as tfjs-node's documentation shows it: `tf.variableGrads` over a `tf.LayersModel`, and an optimizer. */
export class StockTraining {
  private readonly model: TensorFlow.LayersModel
  private readonly variables: ReadonlyMap<string, TensorFlow.Variable>
  private readonly optimizer: TensorFlow.Optimizer

  constructor (private readonly tf: typeof TensorFlow, network: BenchModel, learningRate: number) {
    this.model = layersModel(tf, network)
    this.variables = variablesOf(this.model, network)
    this.optimizer = tf.train.momentum(learningRate, 0.9, true)
  }

  /** `values` [images, side, side, channels] are rescaled; `labels` [images, classes]. */
  step (values: TensorFlow.Tensor4D, labels: TensorFlow.Tensor2D): StockStep {
    const { tf } = this
    tf.engine().startScope()
    try {
      let losses = tf.tensor([])
      const loss = (): TensorFlow.Scalar => {
        const probabilities = this.model.apply(values, { training: true }) as TensorFlow.Tensor
        losses = tf.keep(tf.neg(tf.sum(tf.mul(labels, tf.log(probabilities)), 1)))
        return tf.mean(losses)
      }
      const { grads } = tf.variableGrads(loss, [...this.variables.values()])
      this.optimizer.applyGradients(grads)
      const gradients = new Map(Array.from(this.variables, ([name, variable]) => (
        [name, (grads[variable.name] as TensorFlow.Tensor).dataSync<'float32'>()]
      )))
      const result = { losses: losses.dataSync<'float32'>(), gradients }
      losses.dispose()
      return result
    } finally {
      tf.engine().endScope()
    }
  }
}

function variablesOf (model: TensorFlow.LayersModel, { network }: BenchModel): Map<string, TensorFlow.Variable> {
  return new Map(network.layers.flatMap((layer) => {
    const learning = layer.weights.filter(({ role }) => !role.startsWith('moving_'))
    return learning.map(({ name }, index): [string, TensorFlow.Variable] => (
      [name, model.getLayer(layer.name).trainableWeights[index]?.read() as TensorFlow.Variable]
    ))
  }))
}
