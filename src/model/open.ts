import { resolve } from 'node:path'
import type { Model, ModelSettings } from './model.js'
import { bundledPackage, isPackage, openPackage } from './package.js'

/**
 * Opens what MODEL names: a bundled package or the path of a package folder.
 * Throws an Error of one sentence if there is none or if it is wrong.
 */
export async function openModel (model: string, settings: ModelSettings): Promise<Model> {
  // A bundled name wins over a folder of that name in the working directory: what a deployment serves must not depend on where it starts.
  const bundled = await bundledPackage(model)
  if (bundled !== undefined) return await openPackage(bundled, settings)
  if (await isPackage(resolve(model))) return await openPackage(resolve(model), settings)
  throw new Error(`MODEL=${model} is neither a bundled model package nor a folder with a model.json`)
}
