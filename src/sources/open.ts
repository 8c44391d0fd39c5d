import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { DownloadProgress } from './download.js'
import { identify } from './files/index.js'
import { IMAGENET_LABELS, IMAGENET_SHA256, fetchImageNet } from './imagenet.js'
import type { Model, ModelSettings } from '../model/model.js'
import { bundledPackage, openPackage } from './package.js'
import { PRESET_PREFIX, openPreset } from './preset.js'
import { openTrainedFile } from './trained-file.js'

export interface OpenSettings extends ModelSettings {
  /** What to open: `imagenet`, a bundled package's name, `preset:NAME` or a path. */
  readonly model: string
  readonly cacheDir: string
  readonly imagenetUrl: string
  readonly imagenetSha256: string
}

/**
 * Opens what MODEL names: a bundled package, the ImageNet weights (downloaded on first use), a preset with random weights, or the
 * path of a package folder or of a file that a training left. Throws an Error of one sentence if there is none or if it cannot be served.
 */
export async function openModel (settings: OpenSettings, onProgress?: (progress: DownloadProgress) => void): Promise<Model> {
  const { model } = settings
  // Names win over paths in the working directory: what a deployment serves must not depend on where it starts.
  if (model === 'imagenet') {
    const path = await fetchImageNet({ ...settings, onProgress })
    return await openTrainedFile(path, settings, { name: 'xception-imagenet', fit: 'crop', labelsPath: IMAGENET_LABELS })
  }
  if (model.startsWith(PRESET_PREFIX)) return await openPreset(model, settings)
  const bundled = await bundledPackage(model)
  if (bundled !== undefined) return await openPackage(bundled, settings)
  const path = resolve(model)
  if (await stat(path).catch(() => undefined) === undefined) {
    throw new Error(`MODEL=${model} is neither a bundled model nor the path of a model package or a model file`)
  }
  const { container } = await identify(path)
  if (container === 'package') return await openPackage(path, settings)
  const opened = await openTrainedFile(path, settings)
  // The published file keeps its labels and its way of cropping when it is named by its path.
  return await opened.hashWeights() === IMAGENET_SHA256
    ? await openTrainedFile(path, settings, { name: opened.name, fit: 'crop', labelsPath: IMAGENET_LABELS })
    : opened
}
