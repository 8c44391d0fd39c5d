import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Type, type Static } from '../base/typebox.js'
import { judged } from '../base/content.js'
import { OperatorError } from '../base/errors.js'
import { existing, reading } from '../base/existing.js'
import { hashFile } from '../base/hash.js'
import { packagePath } from '../base/package-root.js'
import { parse } from '../base/schema.js'
import { Architecture, parseArchitecture } from '../model/architecture.js'
import { MAX_LAYERS, demandMapSizes } from '../model/limits.js'
import { networkOf, statementsOf } from '../model/network-builder.js'
import { LayerStatement, classCount, type Network } from '../model/network.js'
import { PresetChoice, presetNetwork } from '../model/presets/index.js'
import { xceptionNetwork } from '../model/presets/xception.js'
import { chooseInput } from '../model/input.js'
import { readLabels } from './labels/index.js'
import { readSafetensors } from './files/safetensors.js'
import { readQuantization } from './quantization-file.js'
import type { Model, ModelSettings } from '../model/model.js'

/** Where the model packages that ship with the service are. */
const BUNDLED_PACKAGES = packagePath('models')

const PACKAGE_FILE = 'model.json'

const PerChannel = Type.Union([Type.Number(), Type.Tuple([Type.Number(), Type.Number(), Type.Number()]), Type.Tuple([Type.Number()])])

const ModelJson = Type.Object({
  name: Type.String({ minLength: 1 }),
  version: Type.String({ minLength: 1 }),
  architecture: Type.Optional(Architecture),
  preset: Type.Optional(PresetChoice),
  layers: Type.Optional(Type.Array(LayerStatement, { minItems: 1, maxItems: MAX_LAYERS })),
  input: Type.Object({
    side: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    width: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    channels: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(3)])),
    fit: Type.Union([Type.Literal('crop'), Type.Literal('fill')]),
    cropFraction: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    kernel: Type.Union([
      Type.Literal('nearest'), Type.Literal('bilinear'), Type.Literal('linear'), Type.Literal('cubic'), Type.Literal('lanczos3')
    ]),
    pixels: Type.Optional(Type.Literal('float32')),
    rescaling: Type.Object({ scale: PerChannel, offset: PerChannel, order: Type.Optional(Type.Literal('bgr')) })
  }),
  labels: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
  weights: Type.String({ minLength: 1 }),
  quantization: Type.Optional(Type.String({ minLength: 1 }))
})
type ModelJson = Static<typeof ModelJson>

/** Opens a model package, the folder that holds `model.json`. Throws an OperatorError if it is wrong. */
export async function openPackage (folder: string, settings: ModelSettings): Promise<Model> {
  const path = join(folder, PACKAGE_FILE)
  const json = parseModelJson(await reading(path, () => readFile(path, 'utf8')), path)
  const { network, classes } = checkNetwork(json, path)
  if (json.labels.length !== classes) {
    throw new OperatorError(`${path}: it has ${json.labels.length} labels, and the network gives ${classes} classes`)
  }
  const chosen = settings.labels === ''
    ? { labels: json.labels.map((label) => ({ label })), warnings: [] }
    : await readLabels(settings.labels, classes)
  const weightsPath = await findFile(folder, json, 'weights', path)
  const quantizationPath = json.quantization === undefined ? undefined : await findFile(folder, json, 'quantization', path)
  return {
    name: json.name,
    version: json.version,
    network,
    input: chooseInput(settings, {
      ...json.input,
      source: PACKAGE_FILE,
      size: network.input.side,
      width: network.input.width,
      channels: network.input.channels,
      sizeIsKnown: true
    }),
    ...chosen,
    hashWeights: () => hashFile(weightsPath),
    readWeights: () => readSafetensors(weightsPath),
    ...quantizationPath === undefined ? {} : { readQuantization: () => readQuantization(quantizationPath) }
  }
}

/** What `model.json` states of a network. */
export function networkStatement ({ input, layers }: Network): Pick<ModelJson, 'layers'> & { readonly input: object } {
  const { side, width, channels, rescaling } = input
  return { layers: statementsOf({ input, layers }), input: { side, ...width === undefined ? {} : { width }, channels, rescaling } }
}

/** The network, from whichever form states it. */
function readNetwork ({ architecture, preset, layers, input: { side, width, channels = 3, rescaling } }: ModelJson): Network {
  const forms = [architecture, preset, layers].filter((form) => form !== undefined).length
  if (forms !== 1) throw new OperatorError('it states its network by either architecture, preset or layers')
  if (architecture !== undefined) return xceptionNetwork(parseArchitecture(architecture), rescaling)
  if (preset !== undefined) return presetNetwork(preset, rescaling)
  if (layers === undefined || side === undefined) throw new OperatorError('input.side is missing, which layers need')
  const network = networkOf({ side, ...width === undefined ? {} : { width }, channels, rescaling }, layers)
  demandMapSizes(network)
  return network
}

function demandFittingRescaling ({ input: { channels, rescaling: { scale, offset, order } } }: Network): void {
  const fits = [scale, offset].every((numbers) => typeof numbers === 'number' || numbers.length === channels)
  if (!fits || (order === 'bgr' && channels === 1)) {
    throw new OperatorError(`input.rescaling does not fit the ${channels} channels of the input`)
  }
}

function checkNetwork (json: ModelJson, path: string): { network: Network, classes: number } {
  try {
    const network = readNetwork(json)
    demandFittingRescaling(network)
    return { network, classes: classCount(network) }
  } catch (error) {
    throw within(path, error)
  }
}

/** What is wrong with a statement of `model.json`, with its path. */
function within (path: string, error: unknown): unknown {
  return error instanceof OperatorError ? new OperatorError(`${path}: ${error.message}`, { cause: error }) : error
}

async function findFile (folder: string, json: ModelJson, kind: 'weights' | 'quantization', path: string): Promise<string> {
  const name = json[kind] ?? ''
  // A package is a folder that can be passed on: nothing outside of it belongs to it.
  if (basename(name) !== name) {
    throw new OperatorError(`${path}: ${kind} is ${name}, and it must be the name of a file in the package's folder`)
  }
  const found = join(folder, name)
  if ((await existing(found))?.isFile() !== true) {
    throw new OperatorError(`${path}: ${kind} is ${name}, and there is no such file in the package's folder`)
  }
  return found
}

/** The folder of a bundled package, or undefined if there is none of that name. */
export async function bundledPackage (name: string): Promise<string | undefined> {
  const folder = join(BUNDLED_PACKAGES, name)
  return /^[\w.-]+$/.test(name) && await isPackage(folder) ? folder : undefined
}

async function isPackage (folder: string): Promise<boolean> {
  return (await existing(join(folder, PACKAGE_FILE)))?.isFile() === true
}

function parseModelJson (text: string, path: string): ModelJson {
  try {
    return parse(ModelJson, judged(() => JSON.parse(text) as unknown), 'model package')
  } catch (error) {
    throw within(path, error)
  }
}
