import { filterScalesOf, TOP_LEVEL } from '../model/quantized-pointwise.js'
import type { Tensor } from '../model/weights.js'
import type { ChannelStatistics, Range } from './channel-statistics.js'

const ROUNDS = 6

/**
 * Widens ranges where that makes the sum of both errors smaller. The largest weight of a filter, times its channel's step, decides how
 * finely all weights of the filter are rounded; a channel with a wider step than it needs has finer weights and coarser values. Of a
 * channel with step s, variance v and squared weights a, and filters with the squared scales b, the error is s² a / 12 + v b / (12 s²),
 * which is least where s⁴ = v b / a. Scales follow from steps, so that is done a few times.
 */
export function equalized (kernel: Tensor, channels: readonly ChannelStatistics[]): Range[] {
  const least = channels.map(({ low, high }) => (high - low) / TOP_LEVEL)
  const squaredWeights = channels.map((_, channel) => sumOfSquares(rowOf(kernel, channel)))
  let steps = least
  for (let round = 0; round < ROUNDS; round++) {
    const squaredScales = sumOfSquares(filterScalesOf(kernel, steps))
    steps = least.map((step, channel) => {
      const squares = squaredWeights[channel] ?? 0
      return squares === 0 ? step : Math.max(step, ((channels[channel]?.variance ?? 0) * squaredScales / squares) ** (1 / 4))
    })
  }
  return channels.map(({ low, high }, channel) => {
    const room = ((steps[channel] ?? 0) * TOP_LEVEL - (high - low)) / 2
    return { low: low - room, high: high + room }
  })
}

function rowOf ({ data, shape }: Tensor, channel: number): Float32Array {
  const filters = shape[3] ?? 0
  return data.subarray(channel * filters, (channel + 1) * filters)
}

function sumOfSquares (numbers: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < numbers.length; index++) sum += (numbers[index] as number) ** 2
  return sum
}
