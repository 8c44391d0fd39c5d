import type { Config } from '../config.js'
import { describeInput } from '../model/input.js'
import { countsOf, totalCounts, type Counts } from '../model/counts.js'
import type { Layer } from '../model/network.js'
import { openModel } from '../sources/open.js'
import { showProgress } from '../sources/download-progress.js'

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

/** Pads each column to its widest cell; numbers, which fill all but the first columns' rows, to the right. */
function aligned (rows: readonly string[][]): string[][] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const isNumeric = widths.map((_, column) => rows.slice(1).every((row) => /^[\d,.%]+$/.test(row[column] ?? '')))
  return rows.map((row) => row.map((cell, column) => isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
}

function print (rows: readonly string[][]): void {
  for (const row of rows) process.stdout.write(`${row.join('  ').trimEnd()}\n`)
}

function thousands (value: number): string {
  return value.toLocaleString('en-US')
}

function percent (share: number): string {
  return `${(share * 100).toFixed(1)}%`
}
