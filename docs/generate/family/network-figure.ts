import { totalCounts } from '../../../src/model/counts.js'
import type { Layer, Network } from '../../../src/model/network.js'
import { shapeText } from './module-graph.js'
import { document, line, rectangle, text, type Colour } from './svg.js'

const WIDTH = 760
const MARGIN = 20
const CAPTION_HEIGHT = 54
const ROW = { x: 70, width: 210, height: 34, gap: 18 } as const
/** How far a residual connection passes above, below and beside its module. */
const SHORTCUT = { rise: 6, reach: 24 } as const
const COLUMNS = { shape: 300, parameters: 500, bar: 520, barWidth: 130 } as const

const FLOWS = ['entry', 'middle', 'exit', 'head'] as const satisfies readonly Colour[]

/** Modules one after the other that are alike. */
interface Row {
  /** Names of the modules. */
  readonly names: readonly string[]
  readonly flow: string
  /** Layers of each module. */
  readonly modules: ReadonlyArray<readonly Layer[]>
}

/** Draws a whole network, a row a module, with each module's output and its share of the cost. */
export function networkFigure (title: string, network: Network): string {
  const rows = rowsOf(network)
  const { parameters, multiplyAdds } = totalCounts(network.layers)
  const costs = `${parameters.toLocaleString('en-US')} parameters, ${multiplyAdds.toLocaleString('en-US')} multiply-adds`
  const top = MARGIN + CAPTION_HEIGHT + 16
  const largest = Math.max(...rows.map(({ modules }) => totalCounts(modules.flat()).multiplyAdds))
  return document(`${title}: ${costs}`, { width: WIDTH, height: top + rows.length * (ROW.height + ROW.gap) + MARGIN }, [
    text(WIDTH / 2, MARGIN + 12, title, 'heading'),
    text(WIDTH / 2, MARGIN + 32, costs, 'detail'),
    text(COLUMNS.shape, top - 10, 'output', 'detail', 'start'),
    text(COLUMNS.parameters, top - 10, 'parameters', 'detail', 'end'),
    text(COLUMNS.bar, top - 10, 'multiply-adds', 'detail', 'start'),
    ...rows.flatMap((row, index) => drawRow(row, {
      y: top + index * (ROW.height + ROW.gap), isLast: index === rows.length - 1, largest, multiplyAdds
    }))
  ])
}

interface RowPlace { readonly y: number, readonly isLast: boolean, readonly largest: number, readonly multiplyAdds: number }

function drawRow (row: Row, { y, isLast, largest, multiplyAdds }: RowPlace): string[] {
  const counts = totalCounts(row.modules.flat())
  const isResidual = row.modules[0]?.some(({ operation }) => operation.kind === 'add') === true
  const middle = y + ROW.height / 2 + 4.5
  const centre = ROW.x + ROW.width / 2
  const side = ROW.x - SHORTCUT.reach
  const barWidth = Math.max(1, counts.multiplyAdds / largest * COLUMNS.barWidth)
  const colour = FLOWS.find((flow) => flow === row.flow) ?? 'middle'
  return [
    ...isLast ? [] : [line(`M${centre} ${y + ROW.height}v${ROW.gap}`, 'arrow')],
    ...isResidual ? [line(`M${centre} ${y - SHORTCUT.rise}H${side}V${y + ROW.height + SHORTCUT.rise}H${centre}`, 'plain')] : [],
    rectangle({ x: ROW.x, y, width: ROW.width, height: ROW.height }, colour),
    text(centre, middle, titleOf(row), 'title'),
    text(COLUMNS.shape, middle, shapeText(row.modules.at(-1)?.at(-1)?.outputShape ?? [0]), 'value', 'start'),
    text(COLUMNS.parameters, middle, counts.parameters.toLocaleString('en-US'), 'value', 'end'),
    rectangle({ x: COLUMNS.bar, y: y + 10, width: barWidth, height: ROW.height - 20 }, 'bar', 2),
    text(COLUMNS.bar + barWidth + 6, middle, `${(counts.multiplyAdds / multiplyAdds * 100).toFixed(1)} %`, 'value', 'start')
  ]
}

function rowsOf ({ layers }: Network): Row[] {
  const nameOf = ({ module, flow }: Layer): string => module ?? flow ?? ''
  const rows: Row[] = []
  for (const name of new Set(layers.slice(1).map(nameOf))) {
    const group = layers.filter((layer) => nameOf(layer) === name)
    const last = rows.at(-1)
    if (last !== undefined && signature(last.modules[0] ?? []) === signature(group)) {
      rows.splice(-1, 1, { ...last, names: [...last.names, name], modules: [...last.modules, group] })
    } else {
      rows.push({ names: [name], flow: group[0]?.flow ?? '', modules: [group] })
    }
  }
  return rows
}

function titleOf ({ names }: Row): string {
  const [first = ''] = names
  return names.length === 1 ? first : `${first} to ${names.at(-1)}, ${names.length} alike`
}

/** Equal for modules that are alike but for their names. */
function signature (layers: readonly Layer[]): string {
  return JSON.stringify(layers.map(({ operation, outputShape }) => [operation, outputShape]))
}
