import { OUTPUTS, WANTABLE, type Wantable } from '../compiler/signature.js'

/** What a run computes beside the probabilities. */
export interface Wanted {
  readonly outputs?: readonly Wantable[]
  /** How many of the most probable classes have their maps given (the output `top_maps`); at most as many as there are classes. */
  readonly topMaps?: number
}

export const PROBABILITIES_ONLY: Wanted = {}

export type OutputName = Wantable | typeof OUTPUTS.topMaps

export const OUTPUT_NAMES: readonly OutputName[] = [...WANTABLE, OUTPUTS.topMaps]

/** The outputs that are read after the run. */
export function outputNames ({ outputs = [], topMaps = 0 }: Wanted): readonly OutputName[] {
  return topMaps > 0 ? [...outputs, OUTPUTS.topMaps] : outputs
}

/** What the network has to have for it. */
export function neededOutputs ({ outputs = [], topMaps = 0 }: Wanted): readonly Wantable[] {
  return topMaps > 0 ? [...outputs, OUTPUTS.maps] : outputs
}

/** All that any of several wants. */
export function union (all: readonly Wanted[]): Wanted {
  return {
    outputs: WANTABLE.filter((name) => all.some(({ outputs = [] }) => outputs.includes(name))),
    topMaps: Math.max(...all.map(({ topMaps = 0 }) => topMaps))
  }
}
