import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModel } from './model.js'
import { writeBenchPackage } from './package-writer.js'

/** Hands a new folder to `run` and removes it afterwards. */
export async function inFolder<T> (run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'xception-bench-'))
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What MODEL has to name: `model`, or `folder`, into which the full-size network is then written with random weights. */
export async function servedModel (model: string | undefined, folder: string): Promise<string> {
  if (model === undefined) await writeBenchPackage(folder, await loadModel(model))
  return model ?? folder
}

/** Whether the network computes with somebody's weights or with those of the seed. */
export function weightsOf (model: string | undefined): 'random' | 'real' {
  return model === undefined ? 'random' : 'real'
}
