import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJson } from './bytes.js'
import { explained, writingTo } from './explained.js'
import { openHdf5 } from './hdf5.js'
import { MAX_JSON_BYTES, MAX_TOTAL_BYTES } from './limits.js'
import { demandModelClass } from './model-class.js'
import type { StoredModel } from './stored.js'
import { withZip } from './zip.js'

/** Names of the entries that Keras writes. */
export const CONFIG_ENTRY = 'config.json'
export const WEIGHTS_ENTRY = 'model.weights.h5'
export const METADATA_ENTRY = 'metadata.json'

/**
 * Opens a `.keras` archive (Keras 3, and Keras 2 from 2.12 on): a zip file of config.json, metadata.json and model.weights.h5.
 * The weights are unpacked to a temporary file, which has no name any more once it is open.
 * Throws a WeightsError if a part is missing or damaged.
 */
export async function openKerasArchive (path: string): Promise<StoredModel> {
  return await explained(path, 'is not a whole .keras archive', () => withZip(path, async (zip) => {
    const config = parseJson(await zip.read(CONFIG_ENTRY, MAX_JSON_BYTES))
    const metadata = zip.entries.has(METADATA_ENTRY) ? parseJson(await zip.read(METADATA_ENTRY, MAX_JSON_BYTES)) : undefined
    const described = describedBy(config, metadata)
    const folder = await writingTo(tmpdir(), 'TMPDIR', () => mkdtemp(join(tmpdir(), 'xception-')))
    try {
      const unpacked = join(folder, WEIGHTS_ENTRY)
      await writingTo(tmpdir(), 'TMPDIR', () => zip.extract(WEIGHTS_ENTRY, MAX_TOTAL_BYTES, unpacked))
      return { ...await openHdf5(unpacked, path), ...described }
    } finally {
      await rm(folder, { recursive: true })
    }
  }))
}

/** What config.json and metadata.json say of the weights beside them. Throws a WeightsError for a subclassed model. */
export function describedBy (config: unknown, metadata: unknown): Pick<StoredModel, 'kind' | 'config' | 'training' | 'kerasVersion'> {
  const { compile_config: training, class_name: className } = (config ?? {}) as { compile_config?: unknown, class_name?: unknown }
  if (typeof className === 'string') demandModelClass(className)
  const { keras_version: version } = (metadata ?? {}) as { keras_version?: unknown }
  return { kind: 'keras-archive', config, training, kerasVersion: typeof version === 'string' ? version : undefined }
}
