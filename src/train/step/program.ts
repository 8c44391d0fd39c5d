import { emitSignatures, type End, type Signature } from '../../compiler/emit.js'
import type { DataType } from '../../compiler/messages.js'
import type { Precision } from '../../compiler/precision.js'
import { StepList } from '../../compiler/steps.js'
import { outputUnits, type Network } from '../../model/network.js'
import { servingForward, trainingForward } from './forward.js'
import { descend, type Descent } from './descent.js'
import { pixelsAsValues } from './input.js'
import { Pass, type Value } from './pass.js'
import { SIGNATURES, STEP_INPUTS, STEP_OUTPUTS } from './signatures.js'
import { Variables, type Variable } from './variables.js'

export interface TrainingOptions extends Descent {
  readonly network: Network
  /** What feature maps and the products that make them are in; weights and what becomes of them are float32. */
  readonly precision: Precision
  /** Images of a step. */
  readonly batch: number
}

export interface TrainingProgram {
  /** A serialized SavedModel; `signatures.ts` names its ends. */
  readonly savedModel: Uint8Array
  /** All that a training changes: weights, moving statistics and momenta. */
  readonly variables: ReadonlyArray<Pick<Variable, 'name' | 'shape'>>
}

/**
 * A whole training step as one TensorFlow graph: the way through the network, the loss, the way back and the update, for one run.
 * Throws an OperatorError if the network has a layer that cannot be trained.
 */
export function trainingProgram (options: TrainingOptions): TrainingProgram {
  const steps = new StepList()
  const variables = new Variables(steps)
  const step = stepSignature(options, steps, variables)
  const evaluate = evaluateSignature(options, steps, variables)
  const all = variables.all()
  const signatures: Record<string, Signature> = {
    [SIGNATURES.step]: step,
    [SIGNATURES.evaluate]: evaluate,
    [SIGNATURES.write]: writeSignature(all, steps),
    [SIGNATURES.read]: {
      inputs: {},
      outputs: Object.fromEntries(all.map(({ name, shape, value }) => [name, { step: value, type: 'float32', shape }]))
    }
  }
  return { savedModel: emitSignatures(steps.steps, signatures), variables: all.map(({ name, shape }) => ({ name, shape })) }
}

function stepSignature ({ network, precision, batch, ...descent }: TrainingOptions, steps: StepList, variables: Variables): Signature {
  const classes = outputUnits(network)
  const images = end(steps, STEP_INPUTS.images, 'string', [batch])
  const labels = end(steps, STEP_INPUTS.labels, 'float32', [batch, classes])
  const learningRate = end(steps, STEP_INPUTS.learningRate, 'float32', [])
  const pass = new Pass({ steps, variables, precision, batch })
  const updates: string[] = []
  const { logits, layers, backward } = trainingForward(network, pixelsAsValues(network.input, images.step, pass), pass, updates)
  const losses = steps.add('loss', 'float32', [logits.step, labels.step], { op: 'SoftmaxCrossEntropyWithLogits' })
  pass.follow(layers.map(({ layer }) => layer))
  backward(steps.withNumber('loss/by_logits', 'Mul', `${losses}:1`, 1 / batch, 'float32'))
  for (const { layer, value, backward: backThrough } of layers.toReversed()) {
    const gradient = pass.gradientOf(layer, value.type)
    if (gradient !== undefined) backThrough(gradient)
  }
  updates.push(...descend(pass, learningRate.step, descent))
  // What a run fetches has to wait for the updates, or they would not be made.
  const waited = steps.add('losses', 'float32', [losses, ...updates.map((update) => `^${update}`)], { op: 'Identity' })
  return {
    inputs: { [STEP_INPUTS.images]: images, [STEP_INPUTS.labels]: labels, [STEP_INPUTS.learningRate]: learningRate },
    outputs: {
      [STEP_OUTPUTS.losses]: { step: waited, type: 'float32', shape: [batch] },
      [STEP_OUTPUTS.logits]: logitsEnd(logits, batch)
    }
  }
}

function evaluateSignature ({ network, precision }: TrainingOptions, steps: StepList, variables: Variables): Signature {
  const images = end(steps, `evaluate/${STEP_INPUTS.images}`, 'string', [-1])
  const pass = new Pass({ steps, variables, precision, batch: -1 })
  const logits = servingForward(network, pixelsAsValues(network.input, images.step, pass), pass)
  return { inputs: { [STEP_INPUTS.images]: images }, outputs: { [STEP_OUTPUTS.logits]: logitsEnd(logits, -1) } }
}

function writeSignature (variables: readonly Variable[], steps: StepList): Signature {
  const inputs: Record<string, End> = {}
  const writes = variables.map(({ name, shape, handle }) => {
    const given = end(steps, `write/${name}`, 'float32', shape)
    inputs[name] = given
    return steps.add(`write/${name}/done`, 'float32', [handle, given.step], { op: 'AssignVariableOp' })
  })
  const nothing = steps.numbers('write/nothing', 'float32', [0], new Float32Array(0))
  const done = steps.add('write/done', 'float32', [nothing, ...writes.map((write) => `^${write}`)], { op: 'Identity' })
  return { inputs, outputs: { done: { step: done, type: 'float32', shape: [0] } } }
}

function end (steps: StepList, name: string, type: DataType, shape: readonly number[]): End {
  return { step: steps.placeholder(name, type, shape), type, shape }
}

function logitsEnd ({ step, shape }: Value, batch: number): End {
  return { step, type: 'float32', shape: [batch, ...shape] }
}
