import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { InputSpec } from '../model/input.js'
import type { Network } from '../model/network.js'
import type { Quantization } from '../model/quantization.js'
import type { Weights } from '../model/weights.js'
import { encodeSafetensors } from './files/safetensors-writer.js'
import { networkStatement } from './package.js'
import { quantizationTensors } from './quantization-file.js'

/** What a model package states. */
export interface PackageContents {
  readonly name: string
  readonly version: string
  readonly network: Network
  readonly input: Pick<InputSpec, 'fit' | 'cropFraction' | 'kernel' | 'rescaling'>
  readonly labels: readonly string[]
  readonly weights: Weights
  readonly quantization?: Quantization
  /** Further files by their names. */
  readonly files?: Readonly<Record<string, string>>
}

const WEIGHTS_FILE = 'weights.safetensors'
const QUANTIZATION_FILE = 'quantization.safetensors'

/** Writes a model package that the service can serve into a folder that is there. */
export async function writePackageFiles (folder: string, contents: PackageContents): Promise<void> {
  const { name, version, network, input: { fit, cropFraction, kernel, rescaling }, labels, weights, quantization, files = {} } = contents
  const { layers, input } = networkStatement(network)
  const pixels = rescaling === undefined ? {} : { pixels: 'float32' }
  const statement = { name, version, layers, input: { fit, cropFraction, kernel, ...pixels, ...input }, labels, weights: WEIGHTS_FILE }
  const stated = quantization === undefined ? statement : { ...statement, quantization: QUANTIZATION_FILE }
  await writeFile(join(folder, 'model.json'), JSON.stringify(stated))
  await writeFile(join(folder, WEIGHTS_FILE), encodeSafetensors(weights))
  if (quantization !== undefined) await writeFile(join(folder, QUANTIZATION_FILE), encodeSafetensors(quantizationTensors(quantization)))
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content)
}

/** Writes a model package as a new folder, which appears when it is whole. */
export async function writePackage (folder: string, contents: PackageContents): Promise<void> {
  const partial = `${folder}.partial`
  await mkdir(dirname(folder), { recursive: true })
  await rm(partial, { recursive: true, force: true })
  try {
    await mkdir(partial)
    await writePackageFiles(partial, contents)
    await rename(partial, folder)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
