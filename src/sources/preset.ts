import { createHash } from 'node:crypto'
import { OperatorError } from '../base/errors.js'
import { totalCounts } from '../model/counts.js'
import { chooseInput } from '../model/input.js'
import { numberedLabels } from '../model/labels.js'
import type { Model, ModelSettings } from '../model/model.js'
import { classCount, type Network } from '../model/network.js'
import { parsePreset, presetNetwork, presetText } from '../model/presets/index.js'
import { readLabels } from './labels/index.js'
import { WEIGHTS_SEED, randomWeights } from '../model/random-weights.js'
import type { Weights } from '../model/weights.js'

/** What MODEL begins with where it names a preset. */
export const PRESET_PREFIX = 'preset:'

/** A graph is one message of Protocol Buffers, which holds less than 2 GiB, and has its weights in float32. */
const MAX_PARAMETERS = 500_000_000

/** Opens `preset:NAME?width=0.25&size=64&classes=10&stem=1` with random weights. Throws an OperatorError. */
export async function openPreset (model: string, settings: ModelSettings): Promise<Model> {
  const { name, network, input } = buildPreset(model, settings)
  const classes = classCount(network)
  const { labels, warnings } = settings.labels === ''
    ? { labels: numberedLabels(classes), warnings: [] }
    : await readLabels(settings.labels, classes)
  return {
    name,
    version: `random-${WEIGHTS_SEED}`,
    network,
    input,
    labels,
    warnings: [`MODEL=${model} has random weights, so its predictions mean nothing`, ...warnings],
    hashWeights: async () => createHash('sha256').update(`random weights from the seed ${WEIGHTS_SEED}`).digest('hex'),
    readWeights: async () => readPresetWeights(model, network)
  }
}

function buildPreset (model: string, settings: ModelSettings): Pick<Model, 'name' | 'network' | 'input'> {
  try {
    const choice = parsePreset(model.slice(PRESET_PREFIX.length))
    const inputOf = (size: number): Model['input'] => chooseInput(settings, { source: 'the preset', size, channels: 3, sizeIsKnown: true })
    // The network takes its scaling from the input, and the input its size from the network.
    const network = presetNetwork(choice, inputOf(1).rescaling.value)
    return { name: `${PRESET_PREFIX}${presetText(choice)}`, network, input: inputOf(network.input.side) }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    throw new OperatorError(`MODEL=${model} cannot be used: ${error.message}`, { cause: error })
  }
}

function readPresetWeights (model: string, network: Network): Weights {
  const { parameters } = totalCounts(network.layers)
  if (parameters > MAX_PARAMETERS) {
    throw new OperatorError(
      `MODEL=${model} has ${parameters} parameters, and a graph holds at most ${MAX_PARAMETERS}: choose a smaller width`
    )
  }
  return randomWeights(network)
}
