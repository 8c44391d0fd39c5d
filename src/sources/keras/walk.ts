import { parseArchitecture, type Architecture } from '../../model/architecture.js'
import { layersOf, outputUnits, type Layer } from '../../model/layers.js'
import { WeightsError } from '../../model/weights.js'

/** The layers of an architecture that was read off a file. Throws a WeightsError if they do not fit together. */
export function walk (architecture: Architecture): readonly Layer[] {
  try {
    const layers = layersOf(parseArchitecture(architecture))
    outputUnits(layers)
    return layers
  } catch (error) {
    throw new WeightsError(`the file's network cannot be built: ${(error as Error).message.replace(/^architecture: /, '')}`)
  }
}
