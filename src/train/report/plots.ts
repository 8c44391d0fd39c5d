import type { ClassFigures, Evaluation, ReliabilityBin } from './evaluate.js'
import { html, type Html } from './html.js'
import { percent, pictures } from './numbers.js'

/** Sides of the reliability diagram, in units of its view box. */
const PLOT = { side: 260, left: 44, top: 10, bottom: 40, right: 10 }

/** Accuracy over confidence, a bar a bin; a perfect model's bars end on the diagonal. */
export function reliabilityPlot (bins: readonly ReliabilityBin[]): Html {
  const { side, left, top, bottom, right } = PLOT
  const x = (share: number): number => left + share * side
  const y = (share: number): number => top + (1 - share) * side
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => html`
    <line class="grid" x1="${x(0)}" x2="${x(1)}" y1="${y(share)}" y2="${y(share)}"/>
    <text class="tick" x="${left - 6}" y="${y(share) + 4}" text-anchor="end">${share}</text>
    <text class="tick" x="${x(share)}" y="${top + side + 16}" text-anchor="middle">${share}</text>`)
  return html`<svg role="img" aria-label="Accuracy over confidence" viewBox="0 0 ${left + side + right} ${top + side + bottom}">
    ${ticks}
    ${bins.map((bin) => reliabilityBar(bin, x, y))}
    <line class="ideal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>
    <text class="axis" x="${x(0.5)}" y="${top + side + 34}" text-anchor="middle">confidence</text>
    <text class="axis" transform="translate(12 ${y(0.5)}) rotate(-90)" text-anchor="middle">accuracy</text>
  </svg>`
}

type Scale = (share: number) => number

function reliabilityBar ({ from, to, pictures: count, accuracy, confidence }: ReliabilityBin, x: Scale, y: Scale): Html {
  if (accuracy === null) return html``
  const words = `confidence ${percent(confidence)}, accuracy ${percent(accuracy)}, ${pictures(count)}`
  const height = Math.max(1, y(0) - y(accuracy))
  return html`<rect class="bar" x="${x(from) + 1}" y="${y(0) - height}" width="${x(to) - x(from) - 2}" height="${height}">
    <title>${words}</title></rect>`
}

/** Precision and recall of each class, with bars. */
export function classTable (classes: readonly ClassFigures[]): Html {
  const rows = classes.map(({ name, pictures: count, precision, recall }) => html`<tr>
    <th scope="row">${name}</th><td class="number">${count}</td>
    <td>${bar(precision)}</td><td>${bar(recall)}</td></tr>`)
  return html`<div class="wide"><table><thead><tr>
    <th scope="col">class</th><th scope="col" class="number">pictures</th><th scope="col">precision</th><th scope="col">recall</th>
    </tr></thead><tbody>${rows}</tbody></table></div>`
}

function bar (share: number | null): Html {
  const width = Math.round((share ?? 0) * 100)
  return html`<span class="share"><svg aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">
    <rect class="track" width="100" height="10"/><rect class="bar" width="${width}" height="10"/></svg>${percent(share)}</span>`
}

/** What each class was taken for: darker is more of the row. */
export function confusionTable ({ confusion }: Evaluation, names: readonly string[]): Html {
  const head = names.map((name, index) => html`<th scope="col" title="${name}"><span>${index + 1}</span></th>`)
  const rows = confusion.map((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    const cells = row.map((count, column) => confusionCell({
      count, total, isRight: column === label, words: `${names[label] ?? ''} taken for ${names[column] ?? ''}: ${count}`
    }))
    return html`<tr><th scope="row">${label + 1} ${names[label] ?? ''}</th>${cells}</tr>`
  })
  return html`<div class="wide"><table class="confusion"><thead><tr><td></td>${head}</tr></thead><tbody>${rows}</tbody></table></div>`
}

interface Cell { readonly count: number, readonly total: number, readonly isRight: boolean, readonly words: string }

function confusionCell ({ count, total, isRight, words }: Cell): Html {
  if (count === 0) return html`<td></td>`
  const shade = Math.round(15 + 85 * count / total)
  return html`<td class="${isRight ? 'right' : 'wrong'}" style="--shade:${shade}%" title="${words}">${count}</td>`
}
