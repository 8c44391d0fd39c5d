import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { classCount, layersOf } from '../src/model/layers.js'
import { safetensors } from '../test/support/safetensors.js'
import type { BenchModel } from './model.js'

/** Writes a network as a model package that the service can serve, classes named by their numbers. */
export async function writePackage (folder: string, { architecture, rescaling, weights }: BenchModel): Promise<void> {
  const labels = Array.from({ length: classCount(layersOf(architecture)) }, (_, index) => `class ${index}`)
  const input = { fit: 'fill', cropFraction: 1, kernel: 'linear', rescaling }
  await writeFile(join(folder, 'model.json'), JSON.stringify({ name: 'xception-bench', version: '1', architecture, input, labels, weights: 'weights.safetensors' }))
  await writeFile(join(folder, 'weights.safetensors'), safetensors(weights))
}
