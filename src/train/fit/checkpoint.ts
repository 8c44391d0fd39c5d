import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from '../../base/typebox.js'
import { OperatorError } from '../../base/errors.js'
import { ifThere } from '../../base/existing.js'
import { parse } from '../../base/schema.js'
import { encodeSafetensors } from '../../sources/files/safetensors-writer.js'
import { readSafetensors } from '../../sources/files/safetensors.js'
import type { VariableValues } from '../process/protocol.js'

/** What is known of an epoch that is done. */
export const EpochMetrics = Type.Object({
  /** From 1. */
  epoch: Type.Integer(),
  /** Done so far. */
  steps: Type.Integer(),
  /** Learning rate of the last step. */
  learningRate: Type.Number(),
  /** Loss, and below the accuracy, of the pictures as they were varied, mixed and labelled. */
  trainLoss: Type.Number(),
  trainAccuracy: Type.Number(),
  /** Null where there are no pictures to validate with. */
  validationLoss: Type.Union([Type.Number(), Type.Null()]),
  validationAccuracy: Type.Union([Type.Number(), Type.Null()])
})
export type EpochMetrics = Static<typeof EpochMetrics>

const Progress = Type.Object({
  /** A hash of all that decides the result. */
  identity: Type.String(),
  /** Done so far. */
  steps: Type.Integer({ minimum: 0 }),
  /** State of the epoch that is under way: pictures, sum of losses, hits. */
  tally: Type.Tuple([Type.Number(), Type.Number(), Type.Number()]),
  epochs: Type.Array(EpochMetrics)
})
export type Progress = Static<typeof Progress>

export interface Checkpoint {
  readonly progress: Progress
  readonly variables: VariableValues
}

const NAME = /^checkpoint-(\d+)$/
const PROGRESS_FILE = 'progress.json'
const VARIABLES_FILE = 'variables.safetensors'

/** Keeps a checkpoint as the only one of its folder; whatever happens, a whole one is there. */
export async function writeCheckpoint (folder: string, { progress, variables }: Checkpoint): Promise<void> {
  const name = `checkpoint-${progress.steps}`
  const partial = join(folder, `${name}.partial`)
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  await writeFile(join(partial, PROGRESS_FILE), JSON.stringify(progress))
  await writeFile(join(partial, VARIABLES_FILE), encodeSafetensors(variables))
  await rm(join(folder, name), { recursive: true, force: true })
  await rename(partial, join(folder, name))
  for (const other of await readdir(folder)) {
    if (other !== name && other.startsWith('checkpoint-')) await rm(join(folder, other), { recursive: true, force: true })
  }
}

/** The last checkpoint of a folder; undefined where there is none. Throws an OperatorError if it is that of another training. */
export async function readCheckpoint (folder: string, identity: string): Promise<Checkpoint | undefined> {
  const [last] = (await namesIn(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number).sort((left, right) => right - left)
  if (last === undefined) return undefined
  const path = join(folder, `checkpoint-${last}`)
  const progress = parse(Progress, JSON.parse(await readFile(join(path, PROGRESS_FILE), 'utf8')), 'checkpoint')
  if (progress.identity !== identity) {
    throw new OperatorError(`${folder} has a training with other pictures or options: go on with the same ones, or remove it.`)
  }
  return { progress, variables: await readSafetensors(join(path, VARIABLES_FILE)) }
}

async function namesIn (folder: string): Promise<string[]> {
  return await ifThere(folder, () => readdir(folder)) ?? []
}
