import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { OperatorError } from '../../base/errors.js'
import { existing, reading } from '../../base/existing.js'
import { parseJson } from './bytes.js'
import { MAX_JSON_BYTES } from './limits.js'
import type { StoredModel } from './stored.js'

const HUB_CONFIG = 'config.json'
const NAMES = ['config.json', 'model.json', 'architecture.json']

/** Keras's configuration from a file beside one that has only weights, as `model.to_json()` gives it; the model itself if there is none. */
export async function withConfigBeside (path: string, stored: StoredModel): Promise<StoredModel> {
  if (stored.config !== undefined) return stored
  const notes: string[] = []
  for (const name of new Set([...NAMES, `${basename(path).replace(/(?:\.weights)?\.\w+$/, '')}.json`])) {
    const file = join(dirname(path), name)
    let config: Record<string, unknown> | undefined
    try {
      const found = await existing(file)
      if (found?.isFile() !== true || found.size > MAX_JSON_BYTES) continue
      config = kerasConfig(parseJson(await reading(file, () => readFile(file))))
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      notes.push(`has only weights, and ${name} beside it is not used: ${error.message}`)
      continue
    }
    if (config === undefined) continue
    return {
      ...stored,
      config,
      training: config.compile_config ?? config.training_config,
      kerasVersion: typeof config.keras_version === 'string' ? config.keras_version : stored.kerasVersion,
      notes: [`has only weights, and ${name} beside it says how it is built`]
    }
  }
  return notes.length === 0 ? stored : { ...stored, notes }
}

/** timm's configuration from the file of that name beside the weights, as it is in a repository; the model itself if there is none. */
export async function withHubConfig (path: string, stored: StoredModel): Promise<StoredModel> {
  const file = join(dirname(path), HUB_CONFIG)
  try {
    const found = await existing(file)
    if (found?.isFile() !== true || found.size > MAX_JSON_BYTES) return stored
    const config = parseJson(await reading(file, () => readFile(file)))
    const isOfTimm = typeof config === 'object' && config !== null && ('pretrained_cfg' in config || 'input_size' in config)
    if (!isOfTimm) return stored
    return { ...stored, config, notes: [`has only weights, and ${HUB_CONFIG} beside it says how pictures become its input`] }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { ...stored, notes: [`has only weights, and ${HUB_CONFIG} beside it is not used: ${error.message}`] }
  }
}

/** What is a configuration of Keras's; also where `json.dump` wrote the text once more, or `model.get_config()` without its class. */
function kerasConfig (json: unknown): Record<string, unknown> | undefined {
  const value: unknown = typeof json === 'string' && json.startsWith('{') ? parseJson(Buffer.from(json)) : json
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const record = value as Record<string, unknown>
  if (typeof record.class_name === 'string' && typeof record.config === 'object') return record
  const [first] = Array.isArray(record.layers) ? record.layers as unknown[] : []
  if (typeof first !== 'object' || first === null || !('class_name' in first)) return undefined
  return { class_name: 'input_layers' in record ? 'Functional' : 'Sequential', config: record }
}
