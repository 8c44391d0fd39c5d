import { resolve } from 'node:path'
import { OperatorError } from '../base/errors.js'
import { existing } from '../base/existing.js'
import type { DownloadProgress } from './download.js'
import { identify } from './files/index.js'
import { IMAGENET_LABELS, fetchImageNet } from './imagenet.js'
import type { Model, ModelSettings } from '../model/model.js'
import { bundledPackage, openPackage } from './package.js'
import { PRESET_PREFIX, openPreset } from './preset.js'
import { hashTrainedFile, openTrainedFile } from './trained-file.js'

export interface OpenSettings extends ModelSettings {
  /** What to open: `imagenet`, a bundled package's name, `preset:NAME` or a path. */
  readonly model: string
  /** Takes the place of the model's own name, unless it is empty. */
  readonly modelName: string
  readonly cacheDir: string
  readonly imagenetUrl: string
  readonly imagenetSha256: string
}

/** What the ImageNet weights keep when they are named by their path. */
const IMAGENET_FACTS = { fit: 'crop', pooling: 'avg', labelsPath: IMAGENET_LABELS, defaultScaleFits: true } as const

/**
 * Opens what MODEL names: a bundled package, the ImageNet weights (downloaded on first use), a preset with random weights, or
 * the path of a package folder or of a file that a training left. Throws an OperatorError if there is none or if it cannot be served.
 */
export async function openModel (settings: OpenSettings, onProgress?: (progress: DownloadProgress) => void): Promise<Model> {
  const model = await openNamed(settings, onProgress)
  return settings.modelName === '' ? model : { ...model, name: settings.modelName }
}

async function openNamed (settings: OpenSettings, onProgress?: (progress: DownloadProgress) => void): Promise<Model> {
  const { model } = settings
  const imagenetSha256 = settings.imagenetSha256.toLowerCase()
  // Names win over paths in the working directory: what a deployment serves must not depend on where it starts.
  if (model === 'imagenet') {
    const path = await fetchImageNet({ ...settings, onProgress })
    return await openTrainedFile(path, settings, { hash: imagenetSha256, name: 'xception-imagenet', ...IMAGENET_FACTS })
  }
  if (model.startsWith(PRESET_PREFIX)) return await openPreset(model, settings)
  const bundled = await bundledPackage(model)
  if (bundled !== undefined) return await openPackage(bundled, settings)
  const path = resolve(model)
  if (await existing(path) === undefined) {
    throw new OperatorError(`MODEL=${model} is neither a bundled model nor the path of a model package or a model file`)
  }
  const { container } = await identify(path)
  if (container === 'package') return await openPackage(path, settings)
  const hash = await hashTrainedFile(path)
  return await openTrainedFile(path, settings, { hash, ...hash === imagenetSha256 ? IMAGENET_FACTS : {} })
}
