import { createHash } from 'node:crypto'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ifThere } from '../base/existing.js'
import { hashFiles } from '../base/hash.js'

const GRAPH_FILE = 'saved_model.pb'
/** Where TensorFlow's loader looks for the files that a graph reads. */
const ASSETS_FOLDER = 'assets'
/** In that folder. */
export const WEIGHTS_FILE = 'weights.bin'
const CHECKSUM_FILE = 'saved_model.sha256'

/** A TensorFlow SavedModel. */
export interface SavedModel {
  /** Bytes of `saved_model.pb`. */
  readonly graph: Uint8Array
  /** The file of weights that the graph reads, in pieces; none where it holds all of them. */
  readonly weights: readonly Uint8Array[]
}

/** Writes its files into a folder that is there. */
export async function writeSavedModel (folder: string, { graph, weights }: SavedModel): Promise<void> {
  await writeFile(join(folder, GRAPH_FILE), graph)
  await mkdir(join(folder, ASSETS_FOLDER))
  const file = await open(weightsPath(folder), 'wx')
  try {
    for (const piece of weights) await file.writeFile(piece)
  } finally {
    await file.close()
  }
  const hash = createHash('sha256')
  for (const piece of [graph, ...weights]) hash.update(piece)
  await writeFile(join(folder, CHECKSUM_FILE), hash.digest('hex'))
}

/** Whether the folder has all of a SavedModel as it was written. Throws an UnreadableError. */
export async function isWhole (folder: string): Promise<boolean> {
  const checksum = join(folder, CHECKSUM_FILE)
  const parts = [join(folder, GRAPH_FILE), weightsPath(folder)]
  // An entry is not there, or another process removes it: it will be made anew.
  return await ifThere(folder, async () => await hashFiles(parts) === await readFile(checksum, 'utf8')) === true
}

function weightsPath (folder: string): string {
  return join(folder, ASSETS_FOLDER, WEIGHTS_FILE)
}
