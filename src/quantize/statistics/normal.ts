/** Mean and variance of the values of each channel. */
export interface Moments {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** Moments of normal values after a ReLU (N. L. Johnson et al., Continuous Univariate Distributions: rectified normal distribution). */
export function rectified ({ mean, variance }: Moments): Moments {
  const parts = Array.from(mean, (center, channel) => rectifiedNormal(center, Math.sqrt(variance[channel] ?? 0)))
  return { mean: Float64Array.from(parts, ([first]) => first), variance: Float64Array.from(parts, ([, second]) => second) }
}

function rectifiedNormal (mean: number, deviation: number): [mean: number, variance: number] {
  if (deviation === 0) return [Math.max(0, mean), 0]
  const ratio = mean / deviation
  const density = Math.exp(-(ratio ** 2) / 2) / Math.sqrt(2 * Math.PI)
  const share = normalShareBelow(ratio)
  const first = mean * share + deviation * density
  const second = (mean ** 2 + deviation ** 2) * share + mean * deviation * density
  return [first, Math.max(0, second - first ** 2)]
}

/** The share of a standard normal distribution below x, within 1e-7 (M. Abramowitz and I. A. Stegun, formula 26.2.17). */
function normalShareBelow (x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const polynomial = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const above = Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI) * polynomial
  return x >= 0 ? 1 - above : above
}
