import { WeightsError } from '../../model/weights.js'
import type { ServedGraph } from '../files/index.js'
import type { FlatModel } from '../keras/flatten.js'
import type { Locate } from '../keras/locate.js'
import { refuse } from '../keras/refusal.js'
import type { ServedOutput } from '../keras/served-output.js'
import { GraphReader } from './reader.js'

/** A graph as a model of layers, and where their weights are. */
export interface GraphModel {
  readonly model: FlatModel
  readonly weightsOf: Locate
  readonly output: ServedOutput
}

/**
 * Reads what a SavedModel computes as layers; `wanted` names one of its outputs, the first by default.
 * Rejects with a WeightsError that names the operation that is not supported, and what of it.
 */
export async function modelOfGraph (graph: ServedGraph, wanted: string | undefined): Promise<GraphModel> {
  const all = [...graph.outputs]
  const index = wanted === undefined ? 0 : all.findIndex(([name]) => name === wanted)
  const tensor = all[index]?.[1]
  if (tensor === undefined) {
    const names = all.map(([name]) => name).join(', ')
    throw new WeightsError(`the model has no output ${JSON.stringify(wanted ?? '')}: its outputs are ${names}`)
  }
  const reader = new GraphReader(graph, tensor)
  const last = await reader.read()
  return {
    model: { layers: reader.layers, output: last, inputShapes: [{ shape: graph.inputShape, source: undefined }] },
    weightsOf: (layer) => reader.weights.get(layer) ?? refuse(layer, 'has no weights in the file'),
    output: { listed: undefined, names: all.map(([name]) => [name]), index }
  }
}
