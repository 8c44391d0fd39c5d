import { html, Html } from './html.js'
import { percent, pictures } from './numbers.js'
import { classTable, confusionTable, reliabilityPlot } from './plots.js'
import type { DatasetFigures, Mistake, Report } from './report.js'
import { STYLE } from './style.js'

/** Most names that a list shows; report.json has all. */
const MOST_NAMES = 100
/** Significant digits of a number of the fit. */
const DIGITS = 3

/**
 * The report as a page in one file, which loads nothing. `thumbnails` are JPEG files of the mistakes by their paths; a mistake
 * without one is shown by its name.
 */
export function reportPage (report: Report, thumbnails: ReadonlyMap<string, Uint8Array>): string {
  const { model, evaluation, dataset, mistakes } = report
  const names = dataset.classes.map(({ name }) => name)
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${model.name}: report</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<h1>${model.name}</h1>
<p class="soft">version ${model.version}, from ${model.from}</p>
<p>${basis(report)}</p>
${unjudged(report)}
${keyFigures(report)}
<h2>Classes</h2>
${classTable(evaluation.classes)}
<h2>What was taken for what</h2>
<p class="soft">A row for each class, a column for what its pictures were taken for.</p>
${confusionTable(evaluation, names)}
<h2>How far probabilities can be believed</h2>
<p class="soft">Pictures by the probability of their first class, and how often that class is right. On the diagonal both agree; the mean
distance is the expected calibration error, ${percent(evaluation.expectedCalibrationError)}.</p>
<div class="plot">${reliabilityPlot(evaluation.reliability)}</div>
<h2>Most confident mistakes</h2>
${mistakes.length === 0 ? html`<p>There are none.</p>` : mistakesPart(mistakes, thumbnails)}
<h2>Dataset</h2>
${datasetPart(dataset)}
<h2>Fit</h2>
${fitPart(report.fit)}
</main>
</body>
</html>
`.markup
}

function basis ({ evaluatedOn, evaluation, fittedTo }: Report): string {
  const count = pictures(evaluation.pictures)
  const judged = evaluatedOn === 'cross-validation'
    ? `There is no test split. The figures are of the ${count} of the train split, each judged by a fit that did not see it.`
    : `The figures are of the ${count} of the ${evaluatedOn} split, by a fit to the train split, which did not see them.`
  const kept = fittedTo.splits.length === 1
    ? 'The package was fitted to the train split alone.'
    : `The package was then fitted to all ${pictures(fittedTo.pictures)}, with what the splits chose: none is left that could judge it.`
  return `${judged} ${kept}`
}

/** Classes that the figures say nothing about. */
function unjudged ({ evaluation: { classes } }: Report): Html {
  const names = classes.filter(({ pictures: count }) => count === 0).map(({ name }) => name)
  if (names.length === 0) return html``
  return html`<p>No picture of these classes was judged, so the figures say nothing about them: ${names.join(', ')}.</p>`
}

function keyFigures ({ evaluation }: Report): Html {
  const figures: ReadonlyArray<readonly [string, string]> = [
    ['accuracy', percent(evaluation.accuracy)],
    ['balanced accuracy', percent(evaluation.balancedAccuracy)],
    ...evaluation.topK.map(({ k, accuracy }) => [`among the first ${k}`, percent(accuracy)] as const),
    ['calibration error', percent(evaluation.expectedCalibrationError)],
    ['loss, nats', evaluation.loss.toFixed(3)]
  ]
  return html`<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function mistakesPart (mistakes: readonly Mistake[], thumbnails: ReadonlyMap<string, Uint8Array>): Html {
  return html`<div class="mistakes">${mistakes.map((one) => mistake(one, thumbnails))}</div>`
}

function mistake ({ path, label, predicted, confidence, probability }: Mistake, thumbnails: ReadonlyMap<string, Uint8Array>): Html {
  const jpeg = thumbnails.get(path)
  const image = jpeg === undefined
    ? html``
    : html`<img alt="${label}" src="data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}">`
  return html`<figure>${image}<figcaption>${label}, taken for <b>${predicted}</b><br>
    <small>${percent(confidence)} against ${percent(probability)}<br>${path}</small></figcaption></figure>`
}

function datasetPart ({ pictures: count, isSplit, classes, unreadable, ignored, notes, duplicates }: DatasetFigures): Html {
  const rows = classes.map(({ name, train, validation, test }) => html`<tr><th scope="row">${name}</th>
    <td class="number">${train}</td><td class="number">${validation}</td><td class="number">${test}</td></tr>`)
  const between = duplicates.filter(({ betweenSplits }) => betweenSplits)
  const contradictory = duplicates.filter(({ contradictory }) => contradictory)
  const others = duplicates.filter((group) => !group.betweenSplits && !group.contradictory)
  const groups = (some: typeof duplicates): string[] => some.map(({ sameContent, members }) => (
    `${members.map(({ path, split }) => `${path} (${split})`).join(' = ')}${sameContent ? '' : ', other files'}`
  ))
  return html`<p>${isSplit ? 'The splits are the dataset\'s own.' : 'The splits were made from a seed.'}</p>
    ${notes.map((note) => html`<p>${note}</p>`)}
    <div class="wide"><table><thead><tr><th scope="col">class</th><th scope="col" class="number">train</th>
    <th scope="col" class="number">validation</th><th scope="col" class="number">test</th></tr></thead><tbody>${rows}
    <tr><th scope="row">all</th><td class="number">${count.train}</td><td class="number">${count.validation}</td>
    <td class="number">${count.test}</td></tr></tbody></table></div>
    ${list('Pictures that are in several splits', groups(between))}
    ${list('Pictures that have several classes', groups(contradictory))}
    ${list('Pictures that are there more than once', groups(others))}
    ${list('Pictures that cannot be read', unreadable.map(({ path, code, detail }) => `${path}: ${code}: ${detail}`))}
    ${list('Files that are no pictures or have no class', ignored)}`
}

/** What is stated in one number or word; report.json has the rest. */
function fitPart (fit: Report['fit']): Html {
  const rows = Object.entries(fit).flatMap(([name, value]) => {
    if (typeof value !== 'number' && typeof value !== 'string') return []
    const text = typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value
    return [html`<tr><th scope="row">${inWords(name)}</th><td>${text}</td></tr>`]
  })
  return html`<table><tbody>${rows}</tbody></table>`
}

/** `class weights` of `classWeights`. */
function inWords (name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function list (title: string, names: readonly string[]): Html {
  if (names.length === 0) return html``
  const more = names.length > MOST_NAMES ? html`<li>and ${names.length - MOST_NAMES} more</li>` : html``
  return html`<details><summary>${title}: ${names.length}</summary>
    <ul>${names.slice(0, MOST_NAMES).map((name) => html`<li>${name}</li>`)}${more}</ul></details>`
}
