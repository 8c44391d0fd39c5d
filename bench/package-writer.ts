import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { classCount, layersOf } from '../src/model/layers.js'
import type { Weights } from '../src/model/weights/tensor.js'
import type { BenchModel } from './model.js'

/** Writes a network as a model package that the service can serve, classes named by their numbers. */
export async function writePackage (folder: string, { architecture, rescaling, weights }: BenchModel): Promise<void> {
  const labels = Array.from({ length: classCount(layersOf(architecture)) }, (_, index) => `class ${index}`)
  const input = { fit: 'fill', cropFraction: 1, kernel: 'linear', rescaling }
  await writeFile(join(folder, 'model.json'), JSON.stringify({ name: 'xception-bench', version: '1', architecture, input, labels, weights: 'weights.safetensors' }))
  await writeSafetensors(join(folder, 'weights.safetensors'), weights)
}

/** https://github.com/huggingface/safetensors: the length of the header, the header, the data. */
async function writeSafetensors (path: string, weights: Weights): Promise<void> {
  let offset = 0
  const header = JSON.stringify(Object.fromEntries([...weights].map(([name, { shape, data }]) => {
    const start = offset
    offset += data.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [start, offset] }]
  })))
  const length = new DataView(new ArrayBuffer(8))
  length.setBigUint64(0, BigInt(Buffer.byteLength(header)), true)
  const file = await open(path, 'w')
  try {
    await file.write(new Uint8Array(length.buffer))
    await file.write(header)
    for (const { data } of weights.values()) await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  } finally {
    await file.close()
  }
}
