import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { classCount } from '../../src/model/network.js'
import { networkStatement } from '../../src/sources/package.js'
import { encodeSafetensors } from '../../src/sources/files/safetensors-writer.js'
import type { BenchModel } from './model.js'

/** Writes a network as a model package that the service can serve, classes named by their numbers. */
export async function writePackage (folder: string, { network, weights }: BenchModel): Promise<void> {
  const labels = Array.from({ length: classCount(network) }, (_, index) => `class ${index}`)
  const { layers, input } = networkStatement(network)
  await writeFile(join(folder, 'model.json'), JSON.stringify({
    name: 'xception-bench',
    version: '1',
    layers,
    input: { fit: 'fill', cropFraction: 1, kernel: 'linear', ...input },
    labels,
    weights: 'weights.safetensors'
  }))
  await writeFile(join(folder, 'weights.safetensors'), encodeSafetensors(weights))
}
