import { resolve } from 'node:path'
import { Piscina } from 'piscina'
import { explained } from './failure.js'
import type { Listing } from './hdf5-layouts.js'
import type { StoredModel } from './stored.js'

/** Opening and each weight take milliseconds from a disk; only a file made to hang the library takes longer. */
const STEP_TIMEOUT_MS = 60_000
const WHAT = 'cannot be read as Keras weights in HDF5'

/**
 * Opens an HDF5 file that Keras wrote: legacy weights, a whole legacy model, or Keras 3's `.weights.h5`. `shownPath` stands in messages.
 * The library runs in a thread of its own until `close`: a file that breaks it or makes it hang does no harm, and its memory is given back.
 * Throws a WeightsError if the file is damaged, claims sizes that it cannot hold or is not Keras's; `read` does for weights that are not floats.
 */
export async function openHdf5 (path: string, shownPath = path): Promise<StoredModel> {
  const pool = new Piscina({ filename: new URL('./hdf5-worker.js', import.meta.url).href, minThreads: 1, maxThreads: 1, idleTimeout: Infinity })
  const ask = async <T>(name: 'open' | 'read', argument: string): Promise<T> => await explained(shownPath, WHAT, async () => {
    const signal = AbortSignal.timeout(STEP_TIMEOUT_MS)
    try {
      return await pool.run(argument, { name, signal }) as T
    } catch (error) {
      throw signal.aborted ? new Error(`it took longer than ${STEP_TIMEOUT_MS / 1000} s`) : error
    }
  })
  try {
    const { layers, config, ...listing } = await ask<Listing>('open', resolve(path))
    return {
      ...listing,
      config: config === undefined ? undefined : await explained(shownPath, 'has a damaged model_config', async () => JSON.parse(config) as unknown),
      layers: layers.map(({ path, weights }) => ({
        path,
        weights: weights.map(({ name, shape, dataset }) => ({ name, shape, read: () => ask<Float32Array>('read', dataset) }))
      })),
      close: () => pool.destroy()
    }
  } catch (error) {
    await pool.destroy()
    throw error
  }
}
