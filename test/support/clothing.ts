import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeBenchPackage } from '../../bench/network/package-writer.js'
import { networkOf, statementsOf } from '../../src/model/network-builder.js'
import { readStoredModel } from '../../src/sources/files/index.js'
import { readSafetensors } from '../../src/sources/files/safetensors.js'
import { recognize } from '../../src/sources/keras/index.js'
import { shared } from './shared.js'

/** Labels of the head for clothes, in the order of its outputs. */
export const CLOTHING_LABELS = (): string[] => (
  JSON.parse(readFileSync(shared('real-model/clothing.json'), 'utf8')) as { labels: string[] }
).labels

/** The last layer of Xception before its head. */
const BACKBONE_END = 'block14_sepconv2_act'

/**
 * Puts the backbone of the published full-size model and the head for clothes together as a model package of 299x299
 * pixels. Returns the package's folder.
 */
export async function clothingPackage (realModel: string, folder: string): Promise<string> {
  const stored = await readStoredModel(join(realModel, 'model.keras'))
  try {
    const { network: kitchen, readWeights } = await recognize(stored)
    const statements = statementsOf(kitchen)
    const backbone = statements.slice(0, 1 + statements.findIndex(({ name }) => name === BACKBONE_END))
    const network = networkOf({ ...kitchen.input, side: 299, rescaling: { scale: 1 / 127.5, offset: -1 } }, [
      ...backbone,
      { name: 'pooled', operation: { kind: 'globalAveragePooling', keepDimensions: false }, inputs: [BACKBONE_END] },
      { name: 'clothes', operation: { kind: 'dense', units: CLOTHING_LABELS().length, bias: true }, inputs: ['pooled'] },
      { name: 'clothes_softmax', operation: { kind: 'activation', activation: { function: 'softmax' } }, inputs: ['clothes'] }
    ])
    const head = await readSafetensors(shared('real-model/clothing-head.safetensors'))
    const kept = new Set(network.layers.flatMap((layer) => layer.weights).map(({ name }) => name))
    const weights = new Map([...await readWeights()].filter(([name]) => kept.has(name)))
    for (const [name, tensor] of head) weights.set(`clothes/${name.replace(/^.*\//, '')}`, tensor)
    await mkdir(folder, { recursive: true })
    await writeBenchPackage(folder, { network, weights })
    await writeFile(join(folder, 'labels.txt'), CLOTHING_LABELS().join('\n'))
    return folder
  } finally {
    await stored.close()
  }
}
