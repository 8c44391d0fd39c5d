import { WeightsError } from '../../model/weights.js'
import type { KerasModel } from './config.js'
import type { Listed } from './inbound.js'

/** The output that is served of those that a model has. */
export interface ServedOutput {
  /** As the model lists it; undefined for a Sequential, which has the one of its last layer. */
  readonly listed: Listed | undefined
  /** What each output may be called by, in the file's order: its layer's name, and its key where they are a dictionary. */
  readonly names: ReadonlyArray<readonly string[]>
  /** Which of them it is. */
  readonly index: number
}

/** The output of that name, or the first. Throws a WeightsError with the list of them if there is none of that name. */
export function servedOutput ({ kind, layers, outputs }: KerasModel, wanted: string | undefined): ServedOutput {
  const names = kind === 'sequential'
    ? [[layers.at(-1)?.name ?? '']]
    : outputs.map(({ key }, index) => {
      const layer = layerName(outputs, index)
      return key === undefined || key === layer ? [layer] : [key, layer]
    })
  // A key says more than a layer's name: it may be the name of another output's layer.
  const byFirst = names.findIndex(([first]) => first === wanted)
  const index = wanted === undefined ? 0 : byFirst === -1 ? names.findIndex((all) => all.includes(wanted)) : byFirst
  if (index === -1) throw new WeightsError(`the model has no output ${JSON.stringify(wanted)}: its outputs are ${list(names)}`)
  return { listed: outputs[index], names, index }
}

/** The layer's name; numbered where several outputs are of one layer, such as a model with several. */
function layerName (outputs: readonly Listed[], index: number): string {
  const name = outputs[index]?.layer ?? ''
  const same = outputs.filter(({ layer }) => layer === name)
  return same.length === 1 ? name : `${name}:${outputs.slice(0, index).filter(({ layer }) => layer === name).length}`
}

/** What the operator should know of a model with several outputs; `wanted` is the one that was asked for. */
export function describeOutputs ({ names }: ServedOutput, wanted: string | undefined): string[] {
  if (names.length < 2 || wanted !== undefined) return []
  return [`has the outputs ${list(names)}, of which the first is served: name another one with OUTPUT_LAYER`]
}

/** Runs a step about the output that is served; what is wrong with one of several is no word about the others. */
export function ofOutput<T> ({ names, index }: ServedOutput, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof WeightsError) || names.length < 2) throw error
    const others = names.filter((_, other) => other !== index)
    throw new WeightsError(`${error.message}; the model has other outputs, which OUTPUT_LAYER takes: ${list(others)}`)
  }
}

function list (names: ServedOutput['names']): string {
  return names.map(([name = '']) => name).join(', ')
}
