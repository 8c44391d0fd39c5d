import type { Layer, Network } from '../network.js'

/**
 * The network with its layers as Keras lists them, and stores their weights, in a functional model: by the longest way to the
 * output, the furthest first; of those equally far, in the order in which a walk back from the output first meets them.
 */
export function inKerasOrder (network: Network): Network {
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]))
  const distance = distances(network.layers)
  const met = meetings(layers, network.layers.at(-1))
  const rank = (order: ReadonlyMap<string, number>, { name }: Layer): number => order.get(name) ?? 0
  return {
    ...network,
    layers: [...network.layers].sort((left, right) => rank(distance, right) - rank(distance, left) || rank(met, left) - rank(met, right))
  }
}

/** Layers on the longest way from each layer to the output. */
function distances (layers: readonly Layer[]): Map<string, number> {
  const distance = new Map<string, number>()
  for (const { name, inputs } of layers.toReversed()) {
    const own = distance.get(name) ?? 0
    for (const input of inputs) distance.set(input, Math.max(distance.get(input) ?? 0, own + 1))
  }
  return distance
}

/** When a walk back from the output, along the first input first, meets each layer. */
function meetings (layers: ReadonlyMap<string, Layer>, output: Layer | undefined): Map<string, number> {
  const met = new Map<string, number>()
  const waiting = output === undefined ? [] : [output.name]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (met.has(name)) continue
    met.set(name, met.size)
    waiting.push(...(layers.get(name)?.inputs ?? []).toReversed())
  }
  return met
}
