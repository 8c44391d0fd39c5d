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
/** Time that a process waits for another file, since most models are opened for their configuration and again for their weights. */
const IDLE_MS = 3000

type Library = ModuleApart<typeof Hdf5Process>
/** Those that wait. */
const idle = new Set<Library>()

/**
 * Opens an HDF5 file that Keras wrote: legacy weights, a whole legacy model, or Keras 3's `.weights.h5`. `shownPath` stands
 * in messages. The library runs in a process of its own: a file that breaks it or makes it hang does no harm, and its memory is
 * given back seconds after `close`, unless another file is opened by then; what failed at a file opens no other one. Not in a
 * thread: V8 keeps the code between WebAssembly and JavaScript for all threads of a process, and up to 13.6 (Node 24) frees it too
 * early when a thread has ended and the next one runs the same library (https://github.com/nodejs/node/issues/64500). Throws a
 * WeightsError if the file is damaged, claims sizes that it cannot hold or is not Keras's; `read` does for weights that are not floats.
 */
export async function openHdf5 (path: string, shownPath = path): Promise<StoredModel> {
  const library = idleLibrary() ?? new ModuleApart<typeof Hdf5Process>(PROCESS, { name: 'the process that reads it' })
  let hasFailed = false
  const called = <T>(call: Promise<T>): Promise<T> => call.catch((error: unknown) => {
    hasFailed = true
    throw error
  })
  try {
    const { layers, config, ...listing } = await explained(shownPath, WHAT, () => library.call('open', [resolve(path)], STEP_TIMEOUT_MS))
    const read = (dataset: string) => () => explained(shownPath, WHAT, () => called(library.call('read', [dataset], STEP_TIMEOUT_MS)))
    return {
      ...listing,
      config: config === undefined
        ? undefined
        : await explained(shownPath, 'has a damaged model_config', async () => judged(() => JSON.parse(config) as unknown)),
      layers: layers.map((layer) => ({
        path: layer.path,
        weights: layer.weights.map(({ name, shape, dataset }) => ({ name, shape, read: read(dataset) }))
      })),
      close: () => hasFailed ? library.close() : release(library)
    }
  } catch (error) {
    await library.close()
    throw error
  }
}

function idleLibrary (): Library | undefined {
  const [library] = idle
  if (library === undefined) return undefined
  idle.delete(library)
  library.hold(true)
  return library
}

async function release (library: Library): Promise<void> {
  try {
    await library.call('close', [], STEP_TIMEOUT_MS)
  } catch {
    // A process that is gone, or whose library is broken, is of no more use, and all that was wanted of it is done.
    return await library.close()
  }
  library.hold(false)
  idle.add(library)
  setTimeout(() => { if (idle.delete(library)) void library.close() }, IDLE_MS).unref()
}
