import type { Counts } from '../../../src/model/counts.js'
import { layOut, linesOf, type PlacedBox } from './layout.js'
import type { Box } from './module-graph.js'
import { document, line, number, rectangle, text } from './svg.js'

const MARGIN = 20
const CAPTION_HEIGHT = 52
const TITLE_CHARACTER_WIDTH = 9.5
const COST_CHARACTER_WIDTH = 7
const LINE_HEIGHT = 17
/** Thin bars below a depthwise convolution, which stand for its channels. */
const STRIPE_WIDTH = 5
const STRIPE_HEIGHT = 8

export interface Caption { readonly title: string, readonly counts: Counts }

/** Draws a module with its title and what it costs. */
export function moduleFigure ({ title, counts }: Caption, boxes: readonly Box[]): string {
  const layout = layOut(boxes)
  const costs = `${counts.parameters.toLocaleString('en-US')} parameters, ${counts.multiplyAdds.toLocaleString('en-US')} multiply-adds`
  const captionWidth = Math.max(title.length * TITLE_CHARACTER_WIDTH, costs.length * COST_CHARACTER_WIDTH)
  const width = Math.max(layout.width, captionWidth) + 2 * MARGIN
  const [left, top] = [(width - layout.width) / 2, MARGIN + CAPTION_HEIGHT]
  const place = (box: PlacedBox): PlacedBox => ({ ...box, x: box.x + left, y: box.y + top })
  return document(`${title}: ${costs}`, { width, height: top + layout.height + MARGIN }, [
    text(width / 2, MARGIN + 12, title, 'heading'),
    text(width / 2, MARGIN + 32, costs, 'detail'),
    ...layout.edges.map(({ x, from, to }) => line(`M${number(x + left)} ${number(from + top)}V${number(to + top)}`, 'arrow')),
    ...layout.boxes.flatMap((box) => drawBox(place(box)))
  ])
}

function drawBox (box: PlacedBox): string[] {
  const { x, y, width, height, kind } = box
  const lines = linesOf(box)
  const first = y + height / 2 - (lines.length - 1) * LINE_HEIGHT / 2 + 4.5
  return [
    rectangle(box, kind),
    ...kind === 'depthwise' ? stripes(box) : [],
    ...lines.map((content, index) => text(x + width / 2, first + index * LINE_HEIGHT, content, index === 0 ? 'title' : 'detail'))
  ]
}

function stripes ({ x, y, width, height }: PlacedBox): string[] {
  const count = Math.floor((width - STRIPE_WIDTH) / (2 * STRIPE_WIDTH))
  const start = x + (width - (2 * count - 1) * STRIPE_WIDTH) / 2
  return Array.from({ length: count }, (_, index) => rectangle(
    { x: start + index * 2 * STRIPE_WIDTH, y: y + height, width: STRIPE_WIDTH, height: STRIPE_HEIGHT }, 'depthwise', 0
  ))
}
