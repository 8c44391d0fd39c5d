import { resolve } from 'node:path'
import { ModuleApart } from '../../base/apart/module-apart.js'
import { judged } from '../../base/content.js'
import { explained } from './explained.js'
import type * as Hdf5Process from './hdf5-process.js'
import type { StoredModel } from './stored.js'

/** Opening and each weight take milliseconds from a disk; only a file made to hang the library takes longer. */
const STEP_TIMEOUT_MS = 60_000
const PROCESS = new URL('./hdf5-process.js', import.meta.url)
const WHAT = 'cannot be read as Keras weights in HDF5'

/**
 * Opens an HDF5 file that Keras wrote: legacy weights, a whole legacy model, or Keras 3's `.weights.h5`. `shownPath` stands
 * in messages. The library runs in a process of its own until `close`: a file that breaks it or makes it hang does no harm,
 * and its memory is given back. Not in a thread: V8 keeps the code between WebAssembly and JavaScript for all threads of a process,
 * and up to 13.6 (Node 24) frees it too early when a thread has ended and the next one runs the same library
 * (https://github.com/nodejs/node/issues/64500). Throws a WeightsError if the file is damaged, claims sizes that it cannot hold or is not
 * Keras's; `read` does for weights that are not floats.
 */
export async function openHdf5 (path: string, shownPath = path): Promise<StoredModel> {
  const library = new ModuleApart<typeof Hdf5Process>(PROCESS, { name: 'the process that reads it' })
  try {
    const { layers, config, ...listing } = await explained(shownPath, WHAT, () => library.call('open', [resolve(path)], STEP_TIMEOUT_MS))
    const read = (dataset: string) => () => explained(shownPath, WHAT, () => library.call('read', [dataset], STEP_TIMEOUT_MS))
    return {
      ...listing,
      config: config === undefined
        ? undefined
        : await explained(shownPath, 'has a damaged model_config', async () => judged(() => JSON.parse(config) as unknown)),
      layers: layers.map((layer) => ({
        path: layer.path,
        weights: layer.weights.map(({ name, shape, dataset }) => ({ name, shape, read: read(dataset) }))
      })),
      close: () => library.close()
    }
  } catch (error) {
    await library.close()
    throw error
  }
}
