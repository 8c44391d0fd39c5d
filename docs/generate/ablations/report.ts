import { readFile, writeFile } from 'node:fs/promises'
import { comparisonPlot } from '../../../src/train/fit/curves.js'
import { replaceBlock } from '../page.js'
import { markdownTable } from '../../../verify/table.js'
import { QUESTIONS, type ArmName } from './arms.js'
import { accuracyOf, type AblationRun, type SavedAblations } from './results.js'

const PAGE = new URL('../../../../docs/family.md', import.meta.url)
const FIGURES = new URL('../../../../docs/family/', import.meta.url)

/** Writes the learning curves and the tables of docs/family.md. */
export async function writeReport (result: SavedAblations): Promise<void> {
  for (const [file, content] of ablationFigures(result)) await writeFile(new URL(file, FIGURES), content)
  const page = await readFile(PAGE, 'utf8')
  await writeFile(PAGE, [...ablationBlocks(result)].reduce((text, [name, block]) => replaceBlock(text, name, block), page))
}

/** Learning curves as SVG, by the names of their files. */
export function ablationFigures (result: SavedAblations): Map<string, string> {
  return new Map(Object.entries(QUESTIONS).map(([question, { title, arms }]) => [
    `ablation-${question}.svg`,
    comparisonPlot(title, trained(arms, result).map((arm) => ({ name: arm, ...curveOf(runsOf(arm, result)) })))
  ]))
}

/** What stands between the page's markers, by their names. */
export function ablationBlocks (result: SavedAblations): Map<string, string> {
  return new Map(Object.entries(QUESTIONS).map(([question, { title, arms }]) => {
    const figure = `![Accuracy by epoch: ${title}](family/ablation-${question}.svg)`
    return [`ablation-${question}`, `${figure}\n\n${table(trained(arms, result), result)}`]
  }))
}

function trained (arms: readonly ArmName[], result: SavedAblations): ArmName[] {
  return arms.filter((arm) => runsOf(arm, result).length > 0)
}

function table (arms: readonly ArmName[], result: SavedAblations): string {
  const percent = (values: readonly number[]): string => {
    const { mean, deviation } = accuracyOf(values)
    return `${(100 * mean).toFixed(1)} ± ${(100 * deviation).toFixed(1)}`
  }
  const rows = arms.map((arm) => {
    const runs = runsOf(arm, result)
    const [first] = runs
    return [
      arm,
      (first?.parameters ?? 0).toLocaleString('en'),
      (first?.multiplyAdds ?? 0).toLocaleString('en'),
      percent(runs.map(({ epochs }) => epochs.at(-1)?.validationAccuracy ?? NaN)),
      percent(runs.map(({ testAccuracy }) => testAccuracy))
    ]
  })
  const { trainPictures, validationPictures, testPictures, recipe: { epochs }, runs, date } = result
  const seeds = new Set(runs.map(({ seed }) => seed)).size
  const how = `${date}; ${seeds} seeds, each ${epochs} times ${trainPictures} pictures; accuracy in percent with the deviation of a ` +
    `seed, on ${validationPictures} pictures held back and on ${testPictures} of the test set.`
  return `${markdownTable({ header: ['network', 'parameters', 'multiply-adds', 'held back', 'test'], rows })}\n\n${how}\n`
}

function runsOf (arm: ArmName, { runs }: SavedAblations): AblationRun[] {
  return runs.filter((run) => run.arm === arm)
}

/** Validation accuracy by epoch, the mean of all seeds and how far one is from it. */
function curveOf (runs: readonly AblationRun[]): { values: number[], deviations: number[] } {
  const length = Math.min(...runs.map(({ epochs }) => epochs.length))
  const epochs = Array.from({ length }, (_, epoch) => accuracyOf(runs.map((run) => run.epochs[epoch]?.validationAccuracy ?? NaN)))
  return { values: epochs.map(({ mean }) => mean), deviations: runs.length > 1 ? epochs.map(({ deviation }) => deviation) : [] }
}
