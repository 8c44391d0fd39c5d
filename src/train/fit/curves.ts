import { escapedText } from '../../base/markup.js'
import type { EpochMetrics } from './checkpoint.js'

/** One line of a plot. */
export interface Curve {
  readonly name: string
  /** By epoch, from the first; null where there is nothing to show. */
  readonly values: ReadonlyArray<number | null>
  /** How far values are from others of their kind: a band around the line. */
  readonly deviations?: readonly number[]
}

interface Panel { readonly title: string, readonly curves: readonly Curve[], readonly unit: (value: number) => string }

const SIZE = { width: 420, height: 290, left: 48, right: 12, top: 28, bottom: 88 }
const LEGEND_COLUMNS = 2
/** On white and on black, told apart by those who see no red or green too (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
const TICKS = 5
/** Above so many times the largest of the first curve, others are cut off. */
const FAR = 2

/** Loss and accuracy of a training, by epoch, as an SVG document. */
export function curvesPlot (epochs: readonly EpochMetrics[]): string {
  return plot('Training', [
    {
      title: 'loss',
      curves: [
        { name: 'training', values: epochs.map(({ trainLoss }) => trainLoss) },
        { name: 'validation', values: epochs.map(({ validationLoss }) => validationLoss) }
      ],
      unit: (value) => value.toFixed(2)
    },
    {
      title: 'accuracy',
      curves: [
        { name: 'training', values: epochs.map(({ trainAccuracy }) => trainAccuracy) },
        { name: 'validation', values: epochs.map(({ validationAccuracy }) => validationAccuracy) }
      ],
      unit: percent
    }
  ])
}

/** Accuracy of several trainings by epoch, as an SVG document. */
export function comparisonPlot (title: string, curves: readonly Curve[]): string {
  return plot(title, [{ title, curves, unit: percent }])
}

function percent (share: number): string {
  return `${Math.round(100 * share)} %`
}

function plot (title: string, panels: readonly Panel[]): string {
  const [width, height] = [SIZE.width * panels.length, SIZE.height]
  const drawn = panels.map((panel, index) => `<g transform="translate(${index * SIZE.width} 0)">\n${drawPanel(panel)}\n</g>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapedText(title)}</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.page { fill: #ffffff }
.grid { stroke: #94a3b8; stroke-width: 0.5 }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round }
.band { fill-opacity: 0.2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #475569 } }
</style>
<rect class="page" width="${width}" height="${height}"/>
${drawn.join('\n')}
</svg>
`
}

function drawPanel ({ title, curves, unit }: Panel): string {
  const shown = curves.filter(({ values }) => values.some((value) => value !== null))
  const [low, high] = range(shown)
  const epochs = Math.max(1, ...shown.map(({ values }) => values.length))
  const x = (epoch: number): number => SIZE.left + (SIZE.width - SIZE.left - SIZE.right) * (epochs === 1 ? 0.5 : (epoch - 1) / (epochs - 1))
  const y = (value: number): number => SIZE.top + (SIZE.height - SIZE.top - SIZE.bottom) * (high - Math.min(value, high)) / (high - low)
  const grid = Array.from({ length: TICKS }, (_, tick) => low + (high - low) * tick / (TICKS - 1)).map((value) => (
    `<line class="grid" x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${fixed(y(value))}" y2="${fixed(y(value))}"/>` +
    `<text x="${SIZE.left - 6}" y="${fixed(y(value) + 4)}" text-anchor="end">${unit(value)}</text>`
  ))
  const points = (values: Curve['values']): string[] => (
    values.flatMap((value, epoch) => value === null ? [] : [`${fixed(x(epoch + 1))},${fixed(y(value))}`])
  )
  const lines = shown.map(({ values }, index) => (
    `<polyline class="curve" stroke="${colourOf(index)}" points="${points(values).join(' ')}"/>`
  ))
  const bands = shown.flatMap((curve, index) => curve.deviations === undefined
    ? []
    : [`<polygon class="band" fill="${colourOf(index)}" points="${
        [...points(shifted(curve, 1)), ...points(shifted(curve, -1)).reverse()].join(' ')
      }"/>`])
  const bottom = SIZE.height - SIZE.bottom
  return [
    `<text x="${SIZE.left}" y="18" font-weight="600">${escapedText(title)}</text>`,
    ...grid,
    `<text x="${SIZE.left}" y="${bottom + 18}">epoch 1</text>`,
    `<text x="${SIZE.width - SIZE.right}" y="${bottom + 18}" text-anchor="end">${epochs}</text>`,
    ...bands,
    ...lines,
    ...legend(shown, bottom + 38)
  ].join('\n')
}

/** The values and so many times their deviations. */
function shifted ({ values, deviations = [] }: Curve, by: number): Curve['values'] {
  return values.map((value, epoch) => value === null ? null : value + by * (deviations[epoch] ?? 0))
}

function legend (curves: readonly Curve[], y: number): string[] {
  const step = (SIZE.width - SIZE.left) / LEGEND_COLUMNS
  return curves.map(({ name }, index) => {
    const [left, top] = [SIZE.left + step * (index % LEGEND_COLUMNS), y + 16 * Math.floor(index / LEGEND_COLUMNS)]
    return `<rect x="${fixed(left)}" y="${top - 9}" width="14" height="4" fill="${colourOf(index)}"/>` +
      `<text x="${fixed(left + 18)}" y="${top - 3}">${escapedText(name)}</text>`
  })
}

/** The values with a little room around them, but for what is far above the first curve, such as the loss of a bad start. */
function range (curves: readonly Curve[]): readonly [number, number] {
  const edges = (curve: Curve): number[] => [...shifted(curve, 1), ...shifted(curve, -1)].filter((value) => value !== null)
  const [first = [], ...others] = curves.map(edges)
  if (first.length === 0) return [0, 1]
  const highest = Math.max(...first)
  const [low, high] = [Math.min(...first, ...others.flat()), Math.min(Math.max(highest, ...others.flat()), FAR * highest)]
  const room = Math.max(0.05 * (high - low), 1e-3)
  return [low - room, high + room]
}

function colourOf (index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000000'
}

function fixed (value: number): string {
  return String(Number(value.toFixed(1)))
}
