import { tmpdir } from 'node:os'
import { addon } from '../../src/base/addon.js'
import { callApart } from '../../src/base/apart/module-apart.js'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import { candidatesOf, type Candidate, type Products } from '../../src/engine/choice/candidates.js'
import type { Timed } from '../../src/engine/choice/timing.js'
import type * as TimingProcess from '../../src/engine/choice/timing-process.js'
import { kernelsAddon } from '../../src/engine/kernels.js'
import { NOTICE } from '../../src/engine/notices.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import type { Table } from '../../verify/table.js'

const TIMING_PROCESS = new URL('../../src/engine/choice/timing-process.js', import.meta.url)
const BATCH_SIZES = [1, 8]
/** No candidate is left out, however slow. */
const LIMIT_MS = 3_000_000

/** What one candidate takes for a layer: milliseconds an image, the shortest of the rounds. */
export interface KernelsFigure extends Candidate {
  readonly batchSize: number
  readonly layers: readonly number[]
}

export interface KernelsResult {
  readonly threads: number
  readonly rounds: number
  readonly layers: Timed['layers']
  readonly figures: readonly KernelsFigure[]
}

export interface KernelsBenchOptions {
  readonly rounds: number
  readonly threads: number
}

/** Times everything that may compute a layer here, layer by layer, as a start of the service does with fewer layers. */
export async function benchKernels (machine: Machine, { rounds, threads }: KernelsBenchOptions): Promise<KernelsResult> {
  const path = kernelsAddon()
  if (path === undefined) throw new Error('there is nothing to choose from: this project\'s kernels were not compiled')
  const rows = addon().kernelRows()
  const products: readonly Products[] = [...precisionsOf(machine), 'int8']
  const figures: KernelsFigure[] = []
  let layers: Timed['layers'] = []
  for (const batchSize of BATCH_SIZES) {
    const timed = await callApart<typeof TimingProcess, 'timeCandidates'>(TIMING_PROCESS, 'timeCandidates', [{
      candidates: products.flatMap((one) => candidatesOf(one, rows)),
      sample: 'all',
      batchSize,
      rounds,
      limitMs: LIMIT_MS,
      addon: path,
      folders: [tmpdir()]
    }], { name: 'the process that measures', environment: tensorFlowEnvironment({ backend: 'cpu', threads }), omit: NOTICE })
    layers = timed.layers
    figures.push(...timed.times.map(({ candidate, rounds: times }) => ({
      ...candidate,
      batchSize,
      layers: timed.layers.map((_, index) => Math.min(...times.map((round) => round[index] ?? NaN)) / batchSize)
    })))
  }
  return { threads, rounds, layers, figures }
}

/** A table a batch size: layers below each other, candidates beside each other, and the sum over a full network's layers. */
export function kernelsTables ({ layers, figures }: KernelsResult): ReadonlyArray<{ readonly title: string, readonly table: Table }> {
  return BATCH_SIZES.map((batchSize) => {
    const own = figures.filter((figure) => figure.batchSize === batchSize)
    const sum = (times: readonly number[]): number => layers.reduce((total, { count }, index) => total + count * (times[index] ?? NaN), 0)
    const shown = [...layers.entries()].filter(([, { count }]) => count > 0)
    const header = ['layer', 'times', ...own.map(nameOf)]
    const rows = shown.map(([index, { name, count }]) => [name, String(count), ...own.map((one) => (one.layers[index] ?? NaN).toFixed(2))])
    return {
      title: `Batch of ${batchSize}: milliseconds an image; a mix of the fastest for each layer would take ${mixes(own, sum).join(', ')}`,
      table: { header, rows: [...rows, ['all', '', ...own.map((one) => sum(one.layers).toFixed(1))]] }
    }
  })
}

/** For each kind of products, what choosing for each layer would take beside the one candidate that is the fastest in all. */
function mixes (figures: readonly KernelsFigure[], sum: (times: readonly number[]) => number): string[] {
  return [...new Set(figures.map(({ products }) => products))].map((products) => {
    const rivals = figures.filter((figure) => figure.products === products)
    const [first] = rivals
    const fastest = (first?.layers ?? []).map((_, index) => Math.min(...rivals.map((one) => one.layers[index] ?? NaN)))
    return `${(sum(fastest) / Math.min(...rivals.map((one) => sum(one.layers)))).toFixed(3)} in ${products}`
  })
}

function nameOf ({ products, maps, kernels }: KernelsFigure): string {
  return `${kernels} ${products}${products === 'int8' ? ` between ${maps}` : ''}`
}
