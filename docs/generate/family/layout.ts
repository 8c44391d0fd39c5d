import type { Box } from './module-graph.js'

/** A box with its place, in pixels. */
export interface PlacedBox extends Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A vertical line from one box down to another. */
export interface Edge { readonly x: number, readonly from: number, readonly to: number }

export interface Layout {
  readonly boxes: readonly PlacedBox[]
  readonly edges: readonly Edge[]
  readonly width: number
  readonly height: number
}

const LINE_HEIGHT = 17
const BOX_PADDING = 9
const CHARACTER_WIDTH = 8.2
const SMALL_CHARACTER_WIDTH = 6.9
const ROW_GAP = 30
const COLUMN_GAP = 16
/** Room of a line that passes beside the boxes. */
const BYPASS_WIDTH = 46

/**
 * Places a module from the top down: towers side by side, boxes that several towers read or that join several as wide as these,
 * so that every line is vertical.
 */
export function layOut (boxes: readonly Box[]): Layout {
  const columns = new Columns(boxes)
  const rows = rowsOf(boxes)
  const tops = rowTops(boxes, rows)
  const placed = boxes.map((box): PlacedBox => {
    const [left, right] = columns.spanOf(box)
    return { ...box, x: left, width: right - left, y: tops[rows.get(box.name) ?? 0] ?? 0, height: heightOf(box) }
  })
  const leftmost = Math.min(...placed.map(({ x }) => x))
  const moved = placed.map((box) => ({ ...box, x: box.x - leftmost }))
  const byName = new Map(moved.map((box) => [box.name, box]))
  const edges = moved.flatMap((box) => box.inputs.map((input): Edge => {
    const source = byName.get(input)
    return { x: columns.edgeAt(box, input) - leftmost, from: source === undefined ? 0 : source.y + source.height, to: box.y }
  }))
  return {
    boxes: moved,
    edges,
    width: Math.max(...moved.map(({ x, width }) => x + width)),
    height: Math.max(...moved.map(({ y, height }) => y + height))
  }
}

/** What a box says, line by line. */
export function linesOf ({ title, detail, tags }: Box): string[] {
  return [title, detail, tags.join(' · ')].filter((line) => line !== '')
}

function heightOf (box: Box): number {
  return linesOf(box).length * LINE_HEIGHT + 2 * BOX_PADDING - 4
}

function textWidth (box: Box): number {
  const [title = '', ...others] = linesOf(box)
  return Math.max(title.length * CHARACTER_WIDTH, ...others.map((line) => line.length * SMALL_CHARACTER_WIDTH)) + 2 * BOX_PADDING
}

function rowsOf (boxes: readonly Box[]): Map<string, number> {
  const rows = new Map<string, number>()
  for (const { name, inputs } of boxes) rows.set(name, Math.max(0, ...inputs.map((input) => (rows.get(input) ?? 0) + 1)))
  return rows
}

function rowTops (boxes: readonly Box[], rows: ReadonlyMap<string, number>): number[] {
  const count = Math.max(...rows.values()) + 1
  const heights = Array.from({ length: count }, (_, row) => Math.max(...boxes.filter(({ name }) => rows.get(name) === row).map(heightOf)))
  return heights.map((_, row) => heights.slice(0, row).reduce((sum, height) => sum + height + ROW_GAP, 0))
}

/** Room of a line into a box, from left to right. */
interface Slot { readonly middle: number, readonly width: number }

/** Where boxes and lines are from left to right. */
class Columns {
  private readonly centres = new Map<string, number>()
  private readonly slots = new Map<string, Slot>()
  private readonly byName: ReadonlyMap<string, Box>

  constructor (private readonly boxes: readonly Box[]) {
    this.byName = new Map(boxes.map((box) => [box.name, box]))
    for (const box of boxes.toReversed()) this.place(box)
  }

  /** Where the line from `input` arrives. */
  edgeAt (box: Box, input: string): number {
    return this.slotOf(box, input).middle
  }

  /** As wide as the text, or as all slots of the lines where there are several on one side. */
  spanOf (box: Box): [left: number, right: number] {
    const half = textWidth(box) / 2
    const centre = this.centres.get(box.name) ?? 0
    const readers = this.readersOf(box)
    const slots = [
      ...box.inputs.length > 1 ? box.inputs.map((input) => this.slotOf(box, input)) : [],
      ...readers.length > 1 ? readers.map((reader) => this.slotOf(reader, box.name)) : []
    ]
    return [
      Math.min(centre - half, ...slots.map(({ middle, width }) => middle - width / 2)),
      Math.max(centre + half, ...slots.map(({ middle, width }) => middle + width / 2))
    ]
  }

  private slotOf (box: Box, input: string): Slot {
    return this.slots.get(`${box.name} ${input}`) ?? { middle: this.centres.get(box.name) ?? 0, width: this.widthOf(box) }
  }

  /** Everything that reads the box is placed. */
  private place (box: Box): void {
    const readers = this.readersOf(box)
    const centre = this.centres.get(box.name) ?? mean(readers.map((reader) => this.edgeAt(reader, box.name)))
    this.centres.set(box.name, centre)
    const widths = box.inputs.map((input) => this.slotWidth(box, input))
    let left = centre - total(widths) / 2
    box.inputs.forEach((input, index) => {
      const width = widths[index] ?? 0
      const middle = left + width / 2
      left += width + COLUMN_GAP
      if (box.inputs.length > 1) this.slots.set(`${box.name} ${input}`, { middle, width })
      if (this.isOwn(box, input)) this.centres.set(input, middle)
    })
  }

  private slotWidth (box: Box, input: string): number {
    const source = this.byName.get(input)
    return source !== undefined && this.isOwn(box, input) ? this.widthOf(source) : BYPASS_WIDTH
  }

  private widthOf (box: Box): number {
    const inputs = box.inputs.filter((input) => box.inputs.length > 1 || this.isOwn(box, input))
    return Math.max(textWidth(box), total(inputs.map((input) => this.slotWidth(box, input))))
  }

  /** True if nothing else reads what a box reads. */
  private isOwn (box: Box, input: string): boolean {
    const source = this.byName.get(input)
    return source !== undefined && this.readersOf(source).every((reader) => reader === box)
  }

  private readersOf ({ name }: Box): Box[] {
    return this.boxes.filter(({ inputs }) => inputs.includes(name))
  }
}

function total (widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + COLUMN_GAP * Math.max(0, widths.length - 1)
}

function mean (values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
