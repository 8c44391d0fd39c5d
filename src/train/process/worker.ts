import { SERVING_TAG } from '../../compiler/messages.js'
import { loadSavedModel, tf, type TensorFlow } from '../../engine/tensorflow.js'
import { SIGNATURES, STEP_INPUTS } from '../step/signatures.js'
import type { Images, StepBatch, StepResult, VariableValues } from './protocol.js'

/* What the process that trains does with TensorFlow; `protocol.ts` says what each function takes and gives. */

type Graphs = Readonly<Record<keyof typeof SIGNATURES, Awaited<ReturnType<typeof loadSavedModel>>>>

let graphs: Graphs | undefined

export async function load (folder: string): Promise<void> {
  // All of them are one session in tfjs-node, so they share their variables.
  const loaded: Array<readonly [string, unknown]> = []
  for (const signature of Object.values(SIGNATURES)) {
    loaded.push([signature, await loadSavedModel(folder, [SERVING_TAG], signature)])
  }
  graphs = Object.fromEntries(loaded) as unknown as Graphs
}

export function write (values: VariableValues): void {
  run(SIGNATURES.write, () => Object.fromEntries(Array.from(values, ([name, { shape, data }]) => [name, tf.tensor(data, [...shape])])))
}

export function read (): VariableValues {
  return new Map(Object.entries(run(SIGNATURES.read, () => ({}))))
}

export function step ({ images, labels, learningRate }: StepBatch): StepResult {
  const { losses, logits } = run(SIGNATURES.step, () => ({
    [STEP_INPUTS.images]: pixels(images),
    [STEP_INPUTS.labels]: tf.tensor(labels, [images.length, labels.length / images.length]),
    [STEP_INPUTS.learningRate]: tf.scalar(learningRate)
  }))
  if (losses === undefined || logits === undefined) throw new Error('the step gave no losses and logits')
  return { losses: losses.data, logits: logits.data }
}

export function evaluate (images: Images): Float32Array<ArrayBuffer> {
  const { logits } = run(SIGNATURES.evaluate, () => ({ [STEP_INPUTS.images]: pixels(images) }))
  if (logits === undefined) throw new Error('the network gave no logits')
  return logits.data
}

type Values = Record<string, { readonly shape: readonly number[], readonly data: Float32Array<ArrayBuffer> }>

function run (signature: keyof Graphs, feed: () => TensorFlow.NamedTensorMap): Values {
  if (graphs === undefined) throw new Error('no graph is loaded')
  const graph = graphs[signature]
  tf.engine().startScope()
  try {
    const found = graph.predict(feed()) as TensorFlow.NamedTensorMap
    return Object.fromEntries(Object.entries(found).map(([name, tensor]) => (
      [name, { shape: tensor.shape, data: tensor.dataSync<'float32'>() as Float32Array<ArrayBuffer> }]
    )))
  } finally {
    tf.engine().endScope()
  }
}

function pixels (images: Images): TensorFlow.Tensor {
  return tf.tensor1d(images as unknown as string[], 'string')
}
