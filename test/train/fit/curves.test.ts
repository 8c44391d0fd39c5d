import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comparisonPlot, curvesPlot } from '../../../src/train/fit/curves.js'

const epoch = (number: number, validationLoss: number | null): Parameters<typeof curvesPlot>[0][number] => ({
  epoch: number,
  steps: number,
  learningRate: 0.1,
  trainLoss: 2 / number,
  trainAccuracy: 0.2 * number,
  validationLoss,
  validationAccuracy: validationLoss === null ? null : 0.1 * number
})
const linesIn = (svg: string): number => svg.match(/<polyline /g)?.length ?? 0

test('a training is drawn with and without validation, and where nothing was trained', () => {
  const plot = curvesPlot([epoch(1, 2), epoch(2, 1), epoch(3, 0.5)])
  assert.equal(linesIn(plot), 4)
  assert.doesNotMatch(plot, /NaN|Infinity|undefined/)
  assert.equal(linesIn(curvesPlot([epoch(1, null)])), 2)
  assert.doesNotMatch(curvesPlot([]), /NaN|Infinity|undefined/)
})

test('a higher accuracy is drawn higher, and names are escaped', () => {
  const plot = comparisonPlot('one & other', [{ name: 'a < b', values: [0.5, 0.9] }])
  const [, first, second] = /points="[\d.]+,([\d.]+) [\d.]+,([\d.]+)"/.exec(plot)?.map(Number) ?? []
  assert.ok((second ?? NaN) < (first ?? NaN))
  assert.match(plot, /a &lt; b/)
  assert.match(plot, /one &amp; other/)
})

test('deviations are a band around their line, and have room', () => {
  const plot = comparisonPlot('with a band', [{ name: 'a', values: [0.5, 0.9], deviations: [0.1, 0.05] }])
  const heights = (shape: string): number[] => (
    [...new RegExp(`<${shape} [^>]*points="([^"]+)"`).exec(plot)?.[1]?.matchAll(/,([\d.]+)/g) ?? []].map(([, y]) => Number(y))
  )
  const [[first = NaN, last = NaN], [above = NaN, , below = NaN, under = NaN]] = [heights('polyline'), heights('polygon')]
  assert.ok(above < first && first < under)
  assert.ok(below > last && below < first)
  assert.doesNotMatch(comparisonPlot('without', [{ name: 'a', values: [0.5] }]), /<polygon/)
  assert.doesNotMatch(plot, /NaN|-\d/)
})
