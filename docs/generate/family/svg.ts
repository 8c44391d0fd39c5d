import { escapedText } from '../../../src/base/markup.js'

/** Colours of a figure by name, on a light and on a dark page. */
const COLOURS = {
  page: ['#ffffff', '#0d1117'],
  ink: ['#1f2937', '#e6edf3'],
  muted: ['#64748b', '#94a3b8'],
  line: ['#94a3b8', '#64748b'],
  input: ['#f1f5f9', '#1e293b'],
  cross: ['#dbeafe', '#173a6b'],
  spatial: ['#ffedd5', '#6b3410'],
  depthwise: ['#fde68a', '#5f4a06'],
  pool: ['#dcfce7', '#14532d'],
  slice: ['#f8fafc', '#161d2b'],
  join: ['#e2e8f0', '#334155'],
  other: ['#fce7f3', '#611a41'],
  entry: ['#dbeafe', '#173a6b'],
  middle: ['#ffedd5', '#6b3410'],
  exit: ['#dcfce7', '#14532d'],
  head: ['#e2e8f0', '#334155'],
  bar: ['#2563eb', '#60a5fa']
} as const
export type Colour = keyof typeof COLOURS

const FONT = 'system-ui, -apple-system, \'Segoe UI\', \'DejaVu Sans\', sans-serif'

type Style = 'title' | 'detail' | 'heading' | 'value'

interface Box { readonly x: number, readonly y: number, readonly width: number, readonly height: number }

const ARROW = '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
  '<path d="M0 1 L7 4 L0 7 z" class="arrowhead"/></marker>'

/** A text with its baseline at `y`. */
export function text (x: number, y: number, content: string, style: Style, anchor: 'start' | 'middle' | 'end' = 'middle'): string {
  return `<text x="${number(x)}" y="${number(y)}" class="${style}" text-anchor="${anchor}">${escapedText(content)}</text>`
}

export function rectangle ({ x, y, width, height }: Box, colour: Colour, radius = 6): string {
  return `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="${radius}" class="${colour}"/>`
}

/** A line with the points of `path` in the syntax of SVG's paths; `arrow` marks its end. */
export function line (path: string, end: 'arrow' | 'plain'): string {
  return `<path d="${path}" class="line"${end === 'arrow' ? ' marker-end="url(#arrow)"' : ''}/>`
}

/** A whole document that follows the reader's colour scheme. */
export function document (title: string, size: { readonly width: number, readonly height: number }, parts: readonly string[]): string {
  const [width, height] = [Math.ceil(size.width), Math.ceil(size.height)]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapedText(title)}</title>
<style>
text { font-family: ${FONT}; font-size: 12px }
.title { font-size: 13px; font-weight: 600 }
.heading { font-size: 15px; font-weight: 600 }
.value { font-variant-numeric: tabular-nums }
.line { fill: none; stroke-width: 1.5 }
${rules(0)}
@media (prefers-color-scheme: dark) {
${rules(1)}
}
</style>
<defs>${ARROW}</defs>
${rectangle({ x: 0, y: 0, width, height }, 'page', 0)}
${parts.join('\n')}
</svg>
`
}

function rules (scheme: 0 | 1): string {
  const colour = (name: Colour): string => COLOURS[name][scheme]
  const boxes = (Object.keys(COLOURS) as Colour[]).filter((name) => !['ink', 'muted', 'line', 'page', 'bar'].includes(name))
  return [
    `.page { fill: ${colour('page')} }`,
    `text { fill: ${colour('ink')} }`,
    `.detail { fill: ${colour('muted')} }`,
    `.line { stroke: ${colour('line')} }`,
    `.arrowhead { fill: ${colour('line')} }`,
    `.bar { fill: ${colour('bar')} }`,
    ...boxes.map((name) => `.${name} { fill: ${colour(name)}; stroke: ${colour('line')}; stroke-width: 0.75 }`),
    '.slice { stroke-dasharray: 3 2 }'
  ].join('\n')
}

export function number (value: number): string {
  return String(Number(value.toFixed(1)))
}
