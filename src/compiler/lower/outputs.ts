import { outputUnits, type Network } from '../../model/network.js'
import { classifierOf, whyNoMaps, type Classifier } from '../../model/outputs.js'
import { channelsOf } from '../../model/shapes.js'
import type { End } from '../emit.js'
import { INPUTS, OUTPUTS, WANTABLE, type Wantable } from '../signature.js'
import { affine } from './affine.js'
import type { Value, Values } from './values.js'

/** What a run gives; `valueOf` is what a layer gave. */
export function outputs (network: Network, valueOf: (layer: string) => Value, values: Values): Record<string, End> {
  const last = valueOf(network.layers.at(-1)?.name ?? '')
  const classifier = classifierOf(network)
  const probable = { [OUTPUTS.probabilities]: probabilities(last, outputUnits(network), values) }
  if ('reason' in classifier) return probable
  const features = values.ofType(valueOf(classifier.pooling.name), 'float32')
  const map = values.spatial(values.ofType(valueOf(classifier.pooled.name), 'float32'))
  const given = {
    ...probable,
    [OUTPUTS.features]: whereWanted(OUTPUTS.features, features, (value) => value, values),
    [OUTPUTS.featureMap]: whereWanted(OUTPUTS.featureMap, map, (value) => value, values)
  }
  if (whyNoMaps(classifier) !== undefined) return given
  return { ...given, [OUTPUTS.maps]: whereWanted(OUTPUTS.maps, map, (value) => classified(classifier, value, values), values) }
}

/** A single sigmoid unit becomes two probabilities, the unit's second. */
function probabilities (last: Value, units: number, values: Values): End {
  const { steps } = values
  const { step, type } = values.ofType(last, 'float32')
  if (units > 1) return { step: steps.reshape(OUTPUTS.probabilities, step, type, [-1, units]), type, shape: [-1, units] }
  const complement = steps.binary('output/complement', 'Sub', steps.numbers('output/one', type, [1], Float32Array.of(1)), step, type)
  return { step: steps.concat(OUTPUTS.probabilities, [complement, step], type, 1), type, shape: [-1, 2] }
}

/** What `make` makes of the source where a run wants it, and where it does not, nothing, for no work. */
function whereWanted (name: Wantable, source: Value, make: (value: Value) => Value, { steps }: Values): End {
  const condition = steps.element(`${name}/is_wanted`, INPUTS.wanted, 'bool', WANTABLE.indexOf(name))
  const made = make({ ...source, step: steps.gate(`${name}/source`, source.step, 'float32', condition, true) })
  const shape = made.form === 'rows' ? [channelsOf(made.shape)] : made.shape
  const nothing = steps.numbers(`${name}/nothing`, 'float32', [0, ...shape], new Float32Array(0))
  const otherwise = steps.gate(`${name}/otherwise`, nothing, 'float32', condition, false)
  return { step: steps.add(name, 'float32', [made.step, otherwise], { op: 'Merge' }), type: 'float32', shape: [-1, ...shape] }
}

/** The classifier at every position, without its bias, from the constants that the network itself uses. */
function classified ({ chain, pooled }: Classifier, map: Value, values: Values): Value {
  const { steps } = values
  const linear = chain.filter(({ operation: { kind } }) => kind !== 'flatten' && kind !== 'reshape')
  if (linear.length === 0) {
    if (!('bias' in pooled.operation && pooled.operation.bias)) return map
    return { ...map, step: steps.binary('maps/unbiased', 'Sub', map.step, values.weight(pooled, 'bias', 'float32'), 'float32') }
  }
  const [height, width] = pooled.outputShape as readonly [number, number, number]
  const rows = linear.reduce((value, layer) => {
    const name = `maps/${layer.name}`
    if (layer.operation.kind === 'affine') return affine(name, value, { ...layer.operation, offset: 0 }, values)
    const shape = [height, width, channelsOf(layer.outputShape)] as const
    return { ...value, step: steps.add(name, 'float32', [value.step, values.weight(layer, 'kernel', 'float32')], { op: 'MatMul' }), shape }
  }, values.rows(map))
  return values.spatial(rows)
}
