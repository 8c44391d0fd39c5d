import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import type { Precision } from '../../compiler/precision.js'
import { classCount, type Network } from '../../model/network.js'
import { randomWeights } from '../../model/random-weights.js'
import { sizeOf, type Weights } from '../../model/weights.js'
import { TrainingProcess } from '../process/training-process.js'
import type { VariableValues } from '../process/protocol.js'
import { trainingProgram, type TrainingProgram } from '../step/program.js'
import type { Examples } from './batches.js'
import { judge, type ClassScores } from './judge.js'
import { readCheckpoint, type Checkpoint, type EpochMetrics } from './checkpoint.js'
import type { Recipe } from './recipe.js'
import { Run, type Watcher } from './run.js'

export interface TrainingJob {
  readonly network: Network
  readonly recipe: Recipe
  /** What the steps compute in; weights are float32. */
  readonly precision: Precision
  readonly train: Examples
  /** May be empty. */
  readonly validation: Examples
  /** Looked at once, by the trained network. */
  readonly test?: Examples
  /** What names the pictures and their order, such as hashes. */
  readonly dataset: string
  /** What TensorFlow is told of threads and devices. */
  readonly environment: Readonly<Record<string, string>>
  /** Where checkpoints are kept. */
  readonly folder: string
  readonly watcher: Watcher
}

export interface TrainedNetwork {
  readonly weights: Weights
  readonly epochs: readonly EpochMetrics[]
  /** How it judges the pictures to test with, where there are some. */
  readonly test: ClassScores | undefined
}

/**
 * Trains a network from random weights, or from where its last checkpoint is, which gives the same numbers bit for bit on one thread.
 * Returns undefined where the watcher had it stop, with a checkpoint of that moment. Throws an OperatorError if the network cannot be
 * trained, there are fewer pictures than a step takes, or the folder has a checkpoint of another training.
 */
export async function trainNetwork (job: TrainingJob): Promise<TrainedNetwork | undefined> {
  const { network, recipe, precision, train, environment, folder } = job
  if (train.labels.length < recipe.batch) {
    throw new OperatorError(`A step takes ${recipe.batch} pictures, and there are ${train.labels.length} to train with.`)
  }
  const { batch, momentum, weightDecay } = recipe
  const program = trainingProgram({ network, precision, batch, momentum, weightDecay })
  const identity = identityOf(job)
  const checkpoint = await readCheckpoint(folder, identity) ?? firstCheckpoint(job, program, identity)
  const training = new TrainingProcess(environment)
  try {
    await loadProgram(training, program.savedModel)
    await training.write(checkpoint.variables)
    const run = new Run({ ...job, classes: classCount(network), input: network.input }, training, checkpoint.progress)
    if (!await run.toEnd()) return undefined
    const test = job.test === undefined ? undefined : await judge(training, job.test, batch, classCount(network))
    return { weights: weightsOf(network, await training.read()), epochs: run.epochs, test }
  } finally {
    await training.close()
  }
}

async function loadProgram (training: TrainingProcess, savedModel: Uint8Array): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'xception-training-'))
  try {
    await writeFile(join(folder, 'saved_model.pb'), savedModel)
    await training.load(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function firstCheckpoint ({ network, recipe }: TrainingJob, { variables }: TrainingProgram, identity: string): Checkpoint {
  const weights = initialWeights(network, recipe.seed)
  const values: VariableValues = new Map(variables.map(({ name, shape }) => (
    [name, { shape, data: weights.get(name)?.data ?? new Float32Array(sizeOf(shape)) }]
  )))
  return { progress: { identity, steps: 0, tally: [0, 0, 0], epochs: [] }, variables: values }
}

/** Kernels by chance, and normalizations that change nothing yet. */
function initialWeights (network: Network, seed: number): Weights {
  const constants: Readonly<Record<string, number>> = { gamma: 1, beta: 0, bias: 0, moving_mean: 0, moving_variance: 1 }
  const random = randomWeights(network, seed)
  return new Map(network.layers.flatMap(({ weights }) => weights).map(({ role, name, shape }) => {
    const constant = constants[role]
    const data = constant === undefined ? random.get(name)?.data : new Float32Array(sizeOf(shape)).fill(constant)
    return [name, { shape, data: data ?? new Float32Array(sizeOf(shape)) }]
  }))
}

function weightsOf (network: Network, variables: VariableValues): Weights {
  const named = network.layers.flatMap(({ weights }) => weights)
  return new Map(named.flatMap(({ name }) => {
    const value = variables.get(name)
    return value === undefined ? [] : [[name, value]]
  }))
}

function identityOf ({ network, recipe, precision, dataset }: TrainingJob): string {
  return createHash('sha256').update(JSON.stringify([network, recipe, precision, dataset])).digest('hex')
}
