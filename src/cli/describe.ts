import type { Config } from '../config.js'
import { describeInput } from '../model/input.js'
import { countsOf, totalCounts, type Counts } from '../model/counts.js'
import type { Layer } from '../model/network.js'
import { openModel } from '../sources/open.js'
import { showProgress } from '../sources/download-progress.js'
import { aligned, percent, print, thousands } from './table.js'

/** Prints a model's layers with their shapes and costs, and what each kind of layer has of the whole. Throws an Error of one sentence. */
export async function describeModel (config: Config, { json }: { json: boolean }): Promise<void> {
  const model = await openModel(config, showProgress())
  const layers = model.network.layers.map((layer) => ({ ...layer, ...countsOf(layer) }))
  const summary = {
    model: model.name,
    version: model.version,
    input: describeInput(model.input),
    classes: model.labels.length,
    ...totalCounts(layers),
    shares: sharesOf(layers),
    layers: layers.map(({ name, module, flow, operation, outputShape, parameters, multiplyAdds }) => ({ name, kind: operation.kind, module, flow, outputShape, parameters, multiplyAdds }))
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
    return
  }
  const { shares } = summary
  print([
    [`${summary.model}, version ${summary.version}: ${summary.classes} classes, ${thousands(summary.parameters)} parameters, ${thousands(summary.multiplyAdds)} multiply-adds an image`],
    [`input: ${summary.input}`],
    []
  ])
  print(aligned([
    ['layer', 'kind', 'output', 'parameters', 'multiply-adds'],
    ...summary.layers.map(({ name, kind, outputShape, parameters, multiplyAdds }) => [name, kind, outputShape.join('x'), thousands(parameters), thousands(multiplyAdds)])
  ]))
  print([[]])
  print(aligned([
    ['kind', 'layers', 'parameters', 'multiply-adds'],
    ...shares.map(({ kind, layers: count, parametersShare, multiplyAddsShare }) => [kind, String(count), percent(parametersShare), percent(multiplyAddsShare)])
  ]))
}

interface Share {
  readonly kind: string
  readonly layers: number
  readonly parametersShare: number
  readonly multiplyAddsShare: number
}

function sharesOf (layers: ReadonlyArray<Layer & Counts>): Share[] {
  const { parameters, multiplyAdds } = totalCounts(layers)
  return [...new Set(layers.map((layer) => layer.operation.kind))].map((kind) => {
    const ofKind = layers.filter((layer) => layer.operation.kind === kind)
    return { kind, layers: ofKind.length, parametersShare: sum(ofKind, 'parameters') / parameters, multiplyAddsShare: sum(ofKind, 'multiplyAdds') / multiplyAdds }
  })
}

function sum (layers: readonly Counts[], key: keyof Counts): number {
  return layers.reduce((total, layer) => total + layer[key], 0)
}
