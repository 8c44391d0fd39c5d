import { markdownTable } from '../../../verify/table.js'
import { totalCounts, type Counts } from '../../../src/model/counts.js'
import type { Network } from '../../../src/model/network.js'
import { presetNames, presetNetwork } from '../../../src/model/presets/index.js'

/** A module of Xception's skeleton: the second one in the first repeated block of the middle flow that reads a sum. */
const SHOWN_MODULE = /^block6_(?:sepconv|inception)2/
const PLAIN = 'inception-segments-1'

/** The paper's Table 3: training steps a second, on its GPUs, and parameters. */
const ON_PAPER = [
  { model: 'inception-v3', parameters: '23.6 million', stepsPerSecond: 31 },
  { model: 'xception', parameters: '22.9 million', stepsPerSecond: 28 }
] as const

/** What `describe --compare ... --measure --json` printed of a model. */
export interface Measured {
  readonly model: string
  readonly parameters: number
  readonly imagesPerSecond: Readonly<Record<string, number>>
}

/** Costs of every preset at full size. */
export function costsTable (): string {
  const plain = moduleCounts(fullSize(PLAIN))?.multiplyAdds ?? NaN
  return `${markdownTable({
    header: ['preset', 'size', 'parameters', 'multiply-adds', 'a module: parameters', 'multiply-adds', 'beside plain'],
    rows: presetNames().map((name) => {
      const network = fullSize(name)
      const { parameters, multiplyAdds } = totalCounts(network.layers)
      const module = moduleCounts(network)
      return [
        `\`${name}\``, String(network.input.side), thousands(parameters), thousands(multiplyAdds),
        ...module === undefined
          ? []
          : [thousands(module.parameters), thousands(module.multiplyAdds), (module.multiplyAdds / plain).toFixed(3)]
      ]
    })
  })}\n`
}

/** The paper's size and speed beside what was measured here, and the others that were measured. */
export function speedTable (measured: readonly Measured[]): string {
  const reference = measured.find(({ model }) => model === 'inception-v3')
  return `${markdownTable({
    header: [
      'preset', 'parameters, paper', 'parameters, counted', 'training steps/s, paper', 'images/s here, batch 1', 'batch 8',
      'beside Inception V3: paper', 'here, batch 1', 'batch 8'
    ],
    rows: measured.map(({ model, parameters, imagesPerSecond }) => {
      const onPaper = ON_PAPER.find((row) => row.model === model)
      const speeds = ['1', '8'].map((batchSize) => imagesPerSecond[batchSize] ?? NaN)
      const ratios = ['1', '8'].map((batchSize, at) => (speeds[at] ?? NaN) / (reference?.imagesPerSecond[batchSize] ?? NaN))
      return [
        `\`${model}\``, onPaper?.parameters ?? '', thousands(parameters), String(onPaper?.stepsPerSecond ?? ''),
        ...speeds.map((speed) => speed.toFixed(1)),
        onPaper === undefined ? '' : (onPaper.stepsPerSecond / ON_PAPER[0].stepsPerSecond).toFixed(2),
        ...ratios.map((ratio) => ratio.toFixed(2))
      ]
    })
  })}\n`
}

function moduleCounts ({ layers }: Network): Counts | undefined {
  const shown = layers.filter(({ name, flow }) => flow === 'middle' && SHOWN_MODULE.test(name))
  return shown.length === 0 ? undefined : totalCounts(shown)
}

function fullSize (name: string): Network {
  return presetNetwork({ name }, { scale: 1, offset: 0 })
}

function thousands (value: number): string {
  return value.toLocaleString('en-US')
}
