import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OperatorError } from '../../src/base/errors.js'
import { Random } from '../../src/base/random.js'
import { Histograms } from '../../src/quantize/calibration/histograms.js'
import { clippingShift, leastSquaresRange } from '../../src/quantize/calibration/least-squares.js'

/** Values of one channel, in pieces, so that the bins have to widen. */
function histogramOf (values: readonly number[]): Histograms {
  const histograms = new Histograms(1)
  for (let first = 0; first < values.length; first += 100) histograms.add(Float32Array.from(values.slice(first, first + 100)))
  return histograms
}

/** What rounding to 256 levels of a range and clipping to it costs, value by value. */
function squaredError (values: readonly number[], low: number, high: number): number {
  const step = (high - low) / 255
  return values.reduce((sum, value) => sum + (value - (low + step * Math.min(255, Math.max(0, Math.round((value - low) / step))))) ** 2, 0)
}

suite('ranges by least squares', () => {
  test('keep all of evenly spread values', () => {
    const random = new Random(1)
    const { low, high } = leastSquaresRange(histogramOf(Array.from({ length: 20_000 }, () => random.uniform(-3, 5))).of(0))
    assert.ok(Math.abs(low + 3) < 0.1 && Math.abs(high - 5) < 0.1, `${low} to ${high}`)
  })

  test('cost less than the extremes where a single value lies far out, on the side where they do', () => {
    const random = new Random(2)
    const values = Array.from({ length: 200_000 }, (_, index) => index === 77 ? 6 : Math.max(0, random.normal()))
    const { low, high } = leastSquaresRange(histogramOf(values).of(0))
    assert.ok(Math.abs(low) < 0.05 && high < 6, `${low} to ${high}`)
    assert.ok(squaredError(values, low, high) < squaredError(values, 0, 6))
  })

  test('the shift of the mean is that of the clipped values', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => index / 1000)
    const histograms = histogramOf(values)
    const clipped = values.map((value) => Math.min(8, Math.max(1, value)))
    const shift = clipped.reduce((sum, value, index) => sum + value - (values[index] ?? NaN), 0) / values.length
    assert.ok(Math.abs(clippingShift(histograms.of(0), { low: 1, high: 8 }) - shift) < 0.01)
  })

  test('channels are counted apart, with exact means and variances', () => {
    const histograms = new Histograms(2)
    histograms.add(Float32Array.of(1, -10, 3, -10))
    histograms.add(Float32Array.of(200, -10, -80, -10))
    assert.equal(histograms.mean(0), 31)
    assert.equal(histograms.mean(1), -10)
    assert.equal(histograms.variance(1), 0)
    const { low, high } = leastSquaresRange(histograms.of(0))
    assert.ok(low <= -79 && high >= 199, `${low} to ${high}`)
  })

  test('a value that is no number is refused', () => {
    assert.throws(() => histogramOf([1, 2, NaN]), OperatorError)
  })
})
