import { escapedText } from '../../src/base/markup.js'

/** A group of horizontal bars under one heading. */
export interface BarGroup {
  readonly title: string
  readonly bars: ReadonlyArray<{ readonly label: string, readonly value: number, readonly text: string, readonly own: boolean }>
}

const WIDTH = 720
const MARGIN = 16
const LABEL_WIDTH = 200
const VALUE_WIDTH = 70
const [TITLE_HEIGHT, GROUP_HEIGHT, BAR_HEIGHT, BAR_GAP] = [34, 28, 16, 6]
const OWN_COLOUR = '#2563eb'
const PEER_COLOUR = '#94a3b8'

/** Draws groups of bars on one common scale as an SVG document; the product's own bars stand out. */
export function barChart (title: string, groups: readonly BarGroup[]): string {
  const largest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / largest
  const parts: string[] = []
  const text = (x: number, y: number, content: string, attributes = ''): void => {
    parts.push(`<text x="${x}" y="${y}"${attributes}>${escapedText(content)}</text>`)
  }
  let y = MARGIN + TITLE_HEIGHT / 2
  text(MARGIN, y, title, ' font-size="15" font-weight="bold"')
  y += TITLE_HEIGHT / 2
  for (const group of groups) {
    text(MARGIN, y + GROUP_HEIGHT / 2, group.title, ' font-weight="bold"')
    y += GROUP_HEIGHT
    for (const { label, value, text: number, own } of group.bars) {
      const baseline = y + BAR_HEIGHT - 4
      text(MARGIN + LABEL_WIDTH - 8, baseline, label, ' text-anchor="end"')
      const [width, fill] = [(value * scale).toFixed(1), own ? OWN_COLOUR : PEER_COLOUR]
      parts.push(`<rect x="${MARGIN + LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" fill="${fill}"/>`)
      text(Math.round(MARGIN + LABEL_WIDTH + value * scale + 6), baseline, number)
      y += BAR_HEIGHT + BAR_GAP
    }
  }
  const height = y + MARGIN
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="13" fill="#0f172a">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`
}
