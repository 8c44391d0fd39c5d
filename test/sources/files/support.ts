import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { File, ready, type Group } from 'h5wasm/node'
import { readStoredModel, type StoredModel } from '../../../src/sources/files/index.js'
import { tempFolder } from '../../support/temp-folder.js'

export { zip, type ZipEntry } from '../../support/zip.js'

const folder = tempFolder()
let files = 0

/** A path that no other test uses. */
export function newPath (name: string): string {
  files += 1
  return join(folder, `${files}-${name}`)
}

export function writeFile (name: string, content: string | Uint8Array): string {
  const path = newPath(name)
  writeFileSync(path, content)
  return path
}

/** Writes an HDF5 file as `fill` says, in the old format, as Keras does: without checksums. */
export async function writeHdf5 (name: string, fill: (file: File) => void): Promise<string> {
  await ready
  const path = newPath(name)
  const file = new File(path, 'w', { libver: ['earliest', 'latest'] })
  fill(file)
  file.close()
  return path
}

export function dataset (group: Group, name: string, shape: number[], values: Iterable<number>): void {
  group.create_dataset({ name, data: Float32Array.from(values), shape })
}

/** Keras 3's layout, with one dense layer. */
export function fillKeras3 (file: File): void {
  const vars = file.create_group('layers').create_group('dense').create_group('vars')
  dataset(vars, '0', [2, 3], [1, 2, 3, 4, 5, 6])
  dataset(vars, '1', [3], [7, 8, 9])
}

export interface ReadModel extends Omit<StoredModel, 'layers' | 'close'> {
  /** `path: name shape` and the values, in the file's order. */
  readonly weights: ReadonlyArray<readonly [name: string, values: readonly number[]]>
}

/** Reads everything, and closes the file. */
export async function readAll (path: string): Promise<ReadModel> {
  const { layers, close, ...rest } = await readStoredModel(path)
  try {
    const weights: Array<[string, number[]]> = []
    for (const layer of layers) {
      for (const { name, shape, read } of layer.weights) weights.push([`${layer.path}: ${name} [${shape.join(', ')}]`, [...await read()]])
    }
    return { ...rest, weights }
  } finally {
    await close()
  }
}

/** Holds a failure to what is promised: a WeightsError, one line, with the path. */
export function assertSentence (error: unknown, path: string, message: RegExp): true {
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'WeightsError', error.stack)
  assert.ok(error.message.startsWith(path), error.message)
  assert.match(error.message, message)
  assert.doesNotMatch(error.message, /\n/)
  return true
}
