import { NetworkBuilder } from '../../model/network-builder.js'
import type { Layer, Network, Operation, WeightSpec } from '../../model/network.js'
import { marginsOf } from '../../model/shapes.js'
import type { Tensor, Weights } from '../../model/weights.js'
import { affineOf, compose, type ChannelAffine } from './channel-affine.js'
import { foldedTensors } from './kernels.js'

export interface Folded {
  readonly network: Network
  readonly weights: Weights
}

/** A layer and what it takes over from others. */
interface Host {
  readonly layer: Layer
  readonly before: ChannelAffine | undefined
  readonly after: ChannelAffine | undefined
}

/**
 * The same function with fewer layers: batch normalizations and arithmetic with constants become part of the convolution or dense
 * layer before them, else, where that is exact, of the one after them, else one affine layer. Layers that nothing reads are left out.
 * All is computed in float64 and rounded once. Weights are called `<layer>/<role>` in the result.
 */
export function fold (network: Network, weights: Weights): Folded {
  const layers = reachable(network)
  const hosts = new Map<string, Host>()
  /** The layer that gives what a layer that is gone gave. */
  const standIns = new Map<string, string>()
  const readers = countReaders(layers)
  const standInOf = (name: string): string => standIns.get(name) ?? name

  for (const layer of layers) {
    const affine = affineOf(layer, weights)
    const [input = ''] = layer.inputs
    const host = hosts.get(standInOf(input))
    if (affine !== undefined && host !== undefined && readers.get(input) === 1 && canTakeOver(host.layer.operation)) {
      hosts.set(host.layer.name, { ...host, after: host.after === undefined ? affine : compose(affine, host.after) })
      standIns.set(layer.name, host.layer.name)
    } else {
      hosts.set(layer.name, { layer, before: undefined, after: affine })
    }
  }
  for (const layer of layers) {
    const [source = ''] = layer.inputs
    const host = hosts.get(layer.name)
    const affine = hosts.get(standInOf(source))
    // What was folded into the layer before is gone, so an affine layer here is one that found no such layer.
    if (host === undefined || affine?.after === undefined || !isAffine(affine.layer.operation) || readers.get(source) !== 1) continue
    if (!hasKernel(layer.operation) || !isExactBefore(layer.operation, affine.layer, affine.after)) continue
    hosts.set(layer.name, { ...host, before: affine.after })
    hosts.delete(affine.layer.name)
    standIns.set(source, standInOf(affine.layer.inputs[0] ?? ''))
  }
  return rebuild(network, [...hosts.values()], standInOf, weights)
}

function rebuild (network: Network, hosts: readonly Host[], standInOf: (name: string) => string, weights: Weights): Folded {
  const [input] = hosts
  const builder = new NetworkBuilder(network.input, input?.layer.name)
  const tensors = new Map<string, Tensor>()
  for (const { layer, before, after } of hosts.slice(1)) {
    const { name, module, flow } = layer
    const folded = foldedTensors({ layer, before, after }, weights)
    for (const [role, tensor] of folded) tensors.set(`${name}/${role}`, tensor)
    const operation = after !== undefined && isAffine(layer.operation)
      ? { kind: 'affine' as const, scale: [...after.scale], offset: [...after.shift] }
      : withBias(layer.operation, folded)
    const place = { ...module === undefined ? {} : { module }, ...flow === undefined ? {} : { flow } }
    builder.add({ name, operation, inputs: layer.inputs.map(standInOf), ...place })
  }
  return { network: builder.build(), weights: tensors }
}

function withBias (operation: Operation, folded: ReadonlyMap<WeightSpec['role'], Tensor>): Operation {
  return 'bias' in operation ? { ...operation, bias: folded.has('bias') } : operation
}

function hasKernel ({ kind }: Operation): boolean {
  return kind === 'convolution' || kind === 'depthwiseConvolution' || kind === 'separableConvolution' || kind === 'dense'
}

/** True where what is done to the result can become part of the layer. */
function canTakeOver (operation: Operation): boolean {
  return hasKernel(operation) || isAffine(operation)
}

function isAffine ({ kind }: Operation): boolean {
  return kind === 'batchNormalization' || kind === 'affine'
}

/** True unless zero padding would have to be shifted too. */
function isExactBefore (operation: Operation, { outputShape }: Layer, { shift }: ChannelAffine): boolean {
  if (!('padding' in operation && 'kernel' in operation) || operation.padding === 'valid') return true
  if (shift.every((value) => value === 0)) return true
  const { kernel, strides, dilation } = operation
  const margins = marginsOf(operation.padding, [outputShape[0], outputShape[1] ?? 0], { size: kernel, strides, dilation })
  return Object.values(margins).every((margin) => margin === 0)
}

/** How often each layer is read. */
function countReaders (layers: readonly Layer[]): ReadonlyMap<string, number> {
  const readers = new Map<string, number>()
  for (const input of layers.flatMap(({ inputs }) => inputs)) readers.set(input, (readers.get(input) ?? 0) + 1)
  return readers
}

/** The input and all layers that the last one depends on. */
function reachable ({ layers }: Network): readonly Layer[] {
  const needed = new Set([layers[0]?.name, layers.at(-1)?.name])
  for (const { name, inputs } of [...layers].reverse()) {
    if (needed.has(name)) inputs.forEach((input) => needed.add(input))
  }
  return layers.filter(({ name }) => needed.has(name))
}
