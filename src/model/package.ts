import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Type, type Static } from 'typebox'
import type { InputSpec } from '../preprocess/index.js'
import { hashFile } from '../hash.js'
import { parse } from '../schema.js'
import { Architecture, parseArchitecture } from './architecture.js'
import { classCount, layersOf } from './layers.js'
import type { Rescaling } from './graph/index.js'
import { readSafetensors } from './weights/safetensors.js'
import type { Weights } from './weights/tensor.js'

/** Where the model packages that ship with the service are. */
const BUNDLED_PACKAGES = join(packageRoot(), 'models')

const PerChannel = Type.Union([Type.Number(), Type.Tuple([Type.Number(), Type.Number(), Type.Number()])])

const ModelJson = Type.Object({
  name: Type.String({ minLength: 1 }),
  version: Type.String({ minLength: 1 }),
  architecture: Architecture,
  input: Type.Object({
    fit: Type.Union([Type.Literal('crop'), Type.Literal('fill')]),
    cropFraction: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    kernel: Type.Union([Type.Literal('nearest'), Type.Literal('linear'), Type.Literal('cubic'), Type.Literal('lanczos3')]),
    rescaling: Type.Object({ scale: PerChannel, offset: PerChannel })
  }),
  labels: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
  weights: Type.String({ minLength: 1 })
})
type ModelJson = Static<typeof ModelJson>

/** A model package on disk, checked; its weights are read when they are needed. */
export interface ModelPackage {
  readonly name: string
  readonly version: string
  readonly architecture: Architecture
  readonly input: InputSpec
  readonly rescaling: Rescaling
  readonly labels: readonly string[]
  /** SHA-256 of the weights file, hexadecimal. */
  hashWeights (): Promise<string>
  readWeights (): Promise<Weights>
}

/**
 * Opens a model package: `model` names a bundled one, or is the path of a folder that holds `model.json`.
 * Throws an Error of one sentence if there is none or if it is wrong.
 */
export async function openPackage (model: string): Promise<ModelPackage> {
  const folder = await findFolder(model)
  const path = join(folder, 'model.json')
  const json = parseModelJson(await readFile(path, 'utf8'), path)
  const architecture = parseArchitecture(json.architecture)
  const classes = classCount(layersOf(architecture))
  if (json.labels.length !== classes) throw new Error(`${path}: it has ${json.labels.length} labels, and the network gives ${classes} classes`)
  const { rescaling, ...input } = json.input
  const weightsPath = resolve(folder, json.weights)
  return {
    name: json.name,
    version: json.version,
    architecture,
    input: { ...input, size: architecture.inputSize },
    rescaling,
    labels: json.labels,
    hashWeights: () => hashFile(weightsPath),
    readWeights: () => readSafetensors(weightsPath)
  }
}

async function findFolder (model: string): Promise<string> {
  // A bundled name wins over a folder of that name in the working directory: what a deployment serves must not depend on where it starts.
  const candidates = /^[\w.-]+$/.test(model) ? [join(BUNDLED_PACKAGES, model), resolve(model)] : [resolve(model)]
  for (const folder of candidates) {
    if ((await stat(join(folder, 'model.json')).catch(() => undefined))?.isFile() === true) return folder
  }
  throw new Error(`MODEL=${model} is neither a bundled model package nor a folder with a model.json`)
}

function parseModelJson (text: string, path: string): ModelJson {
  try {
    return parse(ModelJson, JSON.parse(text), 'model package')
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

/** The folder of package.json, found upwards, so that sources and compiled files agree. */
function packageRoot (): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return here.slice(0, here.lastIndexOf('/dist/') + 1) || resolve(here, '../..')
}
