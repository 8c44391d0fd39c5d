import { setFlagsFromString } from 'node:v8'
import { listKerasWeights, type Listing } from './hdf5-layouts.js'
import { Hdf5File } from './hdf5-library.js'

/* Runs in a process of its own, see `openHdf5`. */

/**
 * V8 compiles the library's code anew, better, once it has run for so many bytes: reading small files took a third longer for that alone.
 * A flag that a later V8 does not know changes nothing.
 */
const TIERING_BUDGET = 100_000_000
setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`)

let file: Hdf5File | undefined

export async function open (path: string): Promise<Listing> {
  file = await Hdf5File.open(path)
  return listKerasWeights(file)
}

/** Lets go of the file; the next one may be opened. */
export function close (): void {
  file?.close()
  file = undefined
}

/** The values of a data set of the file that was opened. */
export function read (dataset: string): Float32Array {
  if (file === undefined) throw new Error('no file is open')
  return file.read(dataset)
}
