/** Linear interpolation between the two nearest of the sorted values; `share` in [0, 1]. */
export function quantile (values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  const position = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(position)] ?? NaN, sorted[Math.ceil(position)] ?? NaN]
  return low + (high - low) * (position - Math.floor(position))
}

export function median (values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Where the largest of the values is, the first of equal ones. */
export function indexOfLargest (values: Float32Array | Float64Array): number {
  let largest = 0
  for (let index = 1; index < values.length; index++) if ((values[index] as number) > (values[largest] as number)) largest = index
  return largest
}
