import { OperatorError } from '../base/errors.js'
import type { Config } from '../config.js'
import { chooseBackend } from '../engine/backend.js'
import { chooseComputation, type Computation } from '../engine/target.js'
import { describeInput } from '../model/input.js'
import { countsOf, totalCounts, type Counts } from '../model/counts.js'
import type { Layer } from '../model/network.js'
import { openModel } from '../sources/open.js'
import { showProgress } from '../sources/download-progress.js'
import { aligned, percent, print, thousands } from './table.js'

/** Prints a model's layers with their shapes and costs, and what each kind of layer has of the whole. Throws an Error of one sentence. */
export async function describeModel (config: Config, { json }: { json: boolean }): Promise<void> {
  const model = await openModel(config, await showProgress())
  for (const warning of model.warnings) process.stderr.write(`${warning}\n`)
  const layers = model.network.layers.map((layer) => ({ ...layer, ...countsOf(layer) }))
  const summary = {
    model: model.name,
    version: model.version,
    input: describeInput(model.input),
    computation: await computationHere(config),
    classes: model.labels.length,
    ...totalCounts(layers),
    shares: sharesOf(layers),
    modules: modulesOf(model.network.layers),
    layers: layers.map(({ name, module, flow, operation, outputShape, parameters, multiplyAdds }) => ({
      name, kind: operation.kind, module, flow, outputShape, parameters, multiplyAdds
    }))
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
    return
  }
  const { shares, modules, parameters, multiplyAdds } = summary
  print([
    [
      `${summary.model}, version ${summary.version}: ${summary.classes} classes, ` +
      `${thousands(parameters)} parameters, ${thousands(multiplyAdds)} multiply-adds an image`
    ],
    [`input: ${summary.input}`],
    [`computed ${computedBy(summary.computation)}`],
    []
  ])
  print(aligned([
    ['layer', 'kind', 'output', 'parameters', 'multiply-adds'],
    ...summary.layers.map((layer) => [layer.name, layer.kind, ...costCells(layer)])
  ]))
  if (modules.length > 0) {
    print([[]])
    print(aligned([
      ['module', 'flow', 'layers', 'output', 'parameters', 'multiply-adds'],
      ...modules.map((module) => [module.name, module.flow ?? '', String(module.layers), ...costCells(module)])
    ]))
  }
  print([[]])
  print(aligned([
    ['kind', 'layers', 'parameters', 'multiply-adds'],
    ...shares.map(({ kind, layers: count, parametersShare, multiplyAddsShare }) => [
      kind, String(count), percent(parametersShare), percent(multiplyAddsShare)
    ])
  ]))
}

/** Without kernels where it cannot be computed. */
type ComputedHere = Partial<Pick<Computation, 'precision' | 'kernels'>> & Pick<Computation, 'why'>

/** How the service would compute a model here. */
async function computationHere (config: Config): Promise<ComputedHere> {
  try {
    const { precision, kernels, why } = await chooseComputation(config, chooseBackend(config.backend))
    return { precision, kernels, why }
  } catch (error) {
    // A model can be described where it cannot be run.
    if (!(error instanceof OperatorError)) throw error
    return { why: `not here: ${error.message}` }
  }
}

function computedBy ({ precision, kernels, why }: ComputedHere): string {
  return kernels === undefined ? why : `in ${precision} by ${kernels}: ${why}`
}

function costCells ({ outputShape, parameters, multiplyAdds }: Counts & Pick<Layer, 'outputShape'>): string[] {
  return [outputShape.join('x'), thousands(parameters), thousands(multiplyAdds)]
}

/** A numbered group of layers. */
interface ModuleSummary extends Counts {
  readonly name: string
  readonly flow: string | undefined
  readonly layers: number
  readonly outputShape: Layer['outputShape']
}

function modulesOf (layers: readonly Layer[]): ModuleSummary[] {
  return [...new Set(layers.map(({ module }) => module))].flatMap((name) => {
    const inside = layers.filter(({ module }) => module === name)
    const last = inside.at(-1)
    if (name === undefined || last === undefined) return []
    return [{ name, flow: last.flow, layers: inside.length, outputShape: last.outputShape, ...totalCounts(inside) }]
  })
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
    return {
      kind,
      layers: ofKind.length,
      parametersShare: sum(ofKind, 'parameters') / parameters,
      multiplyAddsShare: sum(ofKind, 'multiplyAdds') / multiplyAdds
    }
  })
}

function sum (layers: readonly Counts[], key: keyof Counts): number {
  return layers.reduce((total, layer) => total + layer[key], 0)
}
