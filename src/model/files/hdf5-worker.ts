import { move } from 'piscina'
import { listKerasWeights, type Listing } from './hdf5-layouts.js'
import { Hdf5File } from './hdf5-library.js'

let file: Hdf5File | undefined

/** Opens the file and lists what Keras stored in it. */
export async function open (path: string): Promise<Listing> {
  file = await Hdf5File.open(path)
  return listKerasWeights(file)
}

/** The values of one data set, whose memory is handed over. */
export function read (dataset: string): Float32Array {
  if (file === undefined) throw new Error('no file is open')
  return move(file.read(dataset)) as Float32Array
}
