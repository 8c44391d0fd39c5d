import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import { existing } from '../../base/existing.js'
import { parseJson } from './bytes.js'
import { explained } from './explained.js'
import { openHdf5 } from './hdf5.js'
import { CONFIG_ENTRY, METADATA_ENTRY, WEIGHTS_ENTRY, describedBy } from './keras-archive.js'
import { MAX_JSON_BYTES } from './limits.js'
import type { StoredModel } from './stored.js'

/**
 * Opens an unpacked `.keras` archive, as `save_model(folder, zipped=False)` writes it and repositories of models have it.
 * Throws a WeightsError if a part is missing or damaged.
 */
export async function openKerasFolder (folder: string): Promise<StoredModel> {
  const read = async (name: string): Promise<unknown> => {
    const { size } = await stat(join(folder, name))
    if (size > MAX_JSON_BYTES) throw new OperatorError(`its ${name} has ${size} bytes, more than any configuration`)
    return parseJson(await readFile(join(folder, name)))
  }
  const [config, metadata] = await explained(folder, 'is not a whole unpacked .keras archive', async () => [
    await read(CONFIG_ENTRY), (await existing(join(folder, METADATA_ENTRY)))?.isFile() === true
      ? await read(METADATA_ENTRY)
      : undefined
  ])
  const described = describedBy(config, metadata)
  return { ...await openHdf5(join(folder, WEIGHTS_ENTRY)), ...described }
}

/** The files that decide what the model is. */
export function kerasFolderFiles (folder: string): string[] {
  return [CONFIG_ENTRY, WEIGHTS_ENTRY].map((name) => join(folder, name))
}
