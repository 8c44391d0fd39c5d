import type { Folded } from '../compiler/fold/fold.js'
import { planChains } from '../compiler/lower/chain-plan.js'
import { allowedName, type Step } from '../compiler/steps.js'
import type { Layer } from '../model/network.js'
import type { Tensor } from '../model/weights.js'

/** The layers of a folded network that can be computed in int8, in its order: dense convolutions have no kernels for it. */
export function separableLayers ({ network }: Pick<Folded, 'network'>): Layer[] {
  const chained = new Set(Array.from(planChains(network).chains.values(), ({ layer }) => layer.name))
  return network.layers.filter(({ name, operation }) => operation.kind === 'separableConvolution' && chained.has(name))
}

/** A weight of a layer of a folded network. */
export function foldedWeight ({ weights }: Folded, { name }: Layer, role: 'depthwise_kernel' | 'pointwise_kernel'): Tensor {
  const tensor = weights.get(`${name}/${role}`)
  if (tensor === undefined) throw new Error(`the layer ${name} has no ${role}`)
  return tensor
}

/** The step that gives a layer's depthwise output where TensorFlow's own ops compute it. */
export function depthwiseStep (layer: Layer, steps: readonly Step[]): Step {
  return stepNamed(`${layer.name}/depthwise`, steps)
}

/** The step that gives a layer's pointwise products, before its bias, where TensorFlow's own ops compute them. */
export function pointwiseStep (layer: Layer, steps: readonly Step[]): Step {
  return stepNamed(layer.name, steps)
}

function stepNamed (name: string, steps: readonly Step[]): Step {
  const wanted = allowedName(name)
  const step = steps.find((one) => one.name === wanted)
  if (step === undefined) throw new Error(`the graph has no step ${wanted}`)
  return step
}
