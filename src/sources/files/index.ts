import { dirname } from 'node:path'
import { WeightsError } from '../../model/weights.js'
import { openHdf5 } from './hdf5.js'
import { identify } from './identify.js'
import { withConfigBeside, withHubConfig } from './config-beside.js'
import { openKerasArchive } from './keras-archive.js'
import { kerasFolderFiles, openKerasFolder } from './keras-folder.js'
import { openSafetensors } from './safetensors.js'
import type { StoredModel } from './stored.js'
import { openTorch } from '../torch/open.js'
import { openTfjsLayers, tfjsFiles } from './tfjs-layers.js'

export { identify } from './identify.js'
export { TYPES, type GraphOp, type GraphTensor, type Tensor } from './saved-model/graph.js'
export type { FileKind, ServedGraph, StoredLayer, StoredModel, StoredWeight } from './stored.js'

/**
 * Opens a trained model, of whichever kind its content says. Its weights are read when asked for; close it afterwards.
 * Throws a WeightsError of one sentence if it is damaged, or of a kind that is not read.
 */
export async function readStoredModel (path: string): Promise<StoredModel> {
  const { container, file } = await identify(path)
  switch (container) {
    case 'keras-archive': return await openKerasArchive(file)
    case 'keras-folder': return await openKerasFolder(file)
    case 'keras-saved-model': return await (await savedModels()).openKerasSavedModel(file)
    case 'saved-model': return await (await savedModels()).openSavedModel(file)
    case 'hdf5': return await withConfigBeside(file, await openHdf5(file))
    case 'tfjs-layers': return await openTfjsLayers(file)
    case 'safetensors': {
      const stored = await openSafetensors(file)
      return stored.kind === 'torch' ? await withHubConfig(file, stored) : await withConfigBeside(file, stored)
    }
    case 'torch-zip': case 'torch-stream': return await withHubConfig(file, await openTorch(file, container))
    case 'package': throw new WeightsError(`${file} describes a model package: name its folder, ${dirname(file)}.`)
  }
}

/** The files that a trained model consists of. Throws a WeightsError as `readStoredModel` does. */
export async function filesOf (path: string): Promise<string[]> {
  const { container, file } = await identify(path)
  if (container === 'tfjs-layers') return await tfjsFiles(file)
  if (container === 'keras-saved-model') return await (await savedModels()).kerasSavedModelFiles(file)
  if (container === 'saved-model') return await (await savedModels()).savedModelFiles(file)
  return container === 'keras-folder' ? kerasFolderFiles(file) : [file]
}

/** Few models are one, and reading it takes a library of forty modules. */
async function savedModels (): Promise<typeof import('./keras-saved-model.js') & typeof import('./saved-model/index.js')> {
  return { ...await import('./keras-saved-model.js'), ...await import('./saved-model/index.js') }
}
