import { outputUnits, type Network } from '../../model/network.js'
import { classifierOf, whyNoMaps, type Classifier } from '../../model/outputs.js'
import { channelsOf } from '../../model/shapes.js'
import type { End } from '../emit.js'
import { INPUTS, OUTPUTS, WANTABLE, type Wantable } from '../signature.js'
import { mapsOfClasses, mapsOfUnits } from './maps.js'
import type { Value, Values } from './values.js'

/** What a run gives; `valueOf` is what a layer gave. */
export function outputs (network: Network, valueOf: (layer: string) => Value, values: Values): Record<string, End> {
  const last = valueOf(network.layers.at(-1)?.name ?? '')
  const classifier = classifierOf(network)
  const probable = probabilities(last, outputUnits(network), values)
  if ('reason' in classifier) return { [OUTPUTS.probabilities]: probable }
  const features = values.ofType(valueOf(classifier.pooling.name), 'float32')
  const map = values.spatial(values.ofType(valueOf(classifier.pooled.name), 'float32'))
  const given = {
    [OUTPUTS.probabilities]: probable,
    [OUTPUTS.features]: whereWanted(OUTPUTS.features, features, (value) => value, values),
    [OUTPUTS.featureMap]: whereWanted(OUTPUTS.featureMap, map, (value) => value, values)
  }
  if (whyNoMaps(classifier) !== undefined) return given
  return {
    ...given,
    [OUTPUTS.maps]: whereWanted(OUTPUTS.maps, map, (value) => mapsOfUnits(classifier, value, values), values),
    [OUTPUTS.topMaps]: ofMostProbable(classifier, map, probable, values)
  }
}

/** A single sigmoid unit becomes two probabilities, the unit's second. */
function probabilities (last: Value, units: number, values: Values): End {
  const { steps } = values
  const { step, type } = values.ofType(last, 'float32')
  if (units > 1) return { step: steps.reshape(OUTPUTS.probabilities, step, type, [-1, units]), type, shape: [-1, units] }
  const complement = steps.binary('output/complement', 'Sub', steps.numbers('output/one', type, [1], Float32Array.of(1)), step, type)
  return { step: steps.concat(OUTPUTS.probabilities, [complement, step], type, 1), type, shape: [-1, 2] }
}

/** What `make` makes of the source where `condition` holds, and where it does not, nothing, for no work. Sizes of -1 only the run knows. */
function where (condition: string, name: string, source: Value, make: (value: Value) => Value, { steps }: Values): End {
  const made = make({ ...source, step: steps.gate(`${name}/source`, source.step, 'float32', condition, true) })
  const shape = made.form === 'rows' ? [channelsOf(made.shape)] : made.shape
  const empty = [0, ...shape].map((size) => Math.max(size, 0))
  const nothing = steps.numbers(`${name}/nothing`, 'float32', empty, new Float32Array(0))
  const otherwise = steps.gate(`${name}/otherwise`, nothing, 'float32', condition, false)
  return { step: steps.add(name, 'float32', [made.step, otherwise], { op: 'Merge' }), type: 'float32', shape: [-1, ...shape] }
}

function whereWanted (name: Wantable, source: Value, make: (value: Value) => Value, values: Values): End {
  return where(values.steps.element(`${name}/is_wanted`, INPUTS.wanted, 'bool', WANTABLE.indexOf(name)), name, source, make, values)
}

/** The maps of the most probable classes, as many as the run says. */
function ofMostProbable (classifier: Classifier, map: Value, likeliest: End, values: Values): End {
  const { steps } = values
  const name = OUTPUTS.topMaps
  const isWanted = steps.cast(`${name}/is_wanted`, INPUTS.mapCount, 'int32', 'bool')
  const count = steps.gate(`${name}/count`, INPUTS.mapCount, 'int32', isWanted, true)
  const ranked = steps.add(`${name}/ranked`, 'float32', [likeliest.step, count], { op: 'TopKV2' })
  return where(isWanted, name, map, (value) => mapsOfClasses(classifier, value, `${ranked}:1`, values), values)
}
