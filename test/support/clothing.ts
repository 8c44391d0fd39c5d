import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePackage } from '../../bench/network/package-writer.js'
import type { Architecture } from '../../src/model/architecture.js'
import { xceptionNetwork } from '../../src/model/presets/xception.js'
import { readStoredModel } from '../../src/sources/files/index.js'
import { readSafetensors } from '../../src/sources/files/safetensors.js'
import { recognize } from '../../src/sources/keras/index.js'
import { shared } from './shared.js'

/** Labels of the head for clothes, in the order of its outputs. */
export const CLOTHING_LABELS = (): string[] => (JSON.parse(readFileSync(shared('real-model/clothing.json'), 'utf8')) as { labels: string[] }).labels

/**
 * Puts the backbone of the published full-size model and the head for clothes together as a model package of 299x299
 * pixels. Returns the package's folder.
 */
export async function clothingPackage (realModel: string, folder: string): Promise<string> {
  const stored = await readStoredModel(join(realModel, 'model.keras'))
  try {
    const { architecture: kitchen, readWeights } = await recognize(stored)
    const architecture: Architecture = {
      ...kitchen,
      inputSize: 299,
      head: [{ type: 'globalAveragePooling' }, { type: 'dense', name: 'clothes', units: CLOTHING_LABELS().length, activation: 'softmax' }]
    }
    const head = await readSafetensors(shared('real-model/clothing-head.safetensors'))
    const weights = new Map([...await readWeights()].filter(([name]) => name.startsWith('block')))
    for (const [name, tensor] of head) weights.set(`clothes/${name.replace(/^.*\//, '')}`, tensor)
    await mkdir(folder, { recursive: true })
    await writePackage(folder, { network: xceptionNetwork(architecture, { scale: 1 / 127.5, offset: -1 }), weights })
    await writeFile(join(folder, 'labels.txt'), CLOTHING_LABELS().join('\n'))
    return folder
  } finally {
    await stored.close()
  }
}
