import type { Moments } from '../statistics/normal.js'

/** Adds up the means of images, and those of the squares, of which the moments of all follow. */
export class MomentSum {
  private readonly means: Float64Array
  private readonly squares: Float64Array
  private images = 0

  constructor (filters: number) {
    this.means = new Float64Array(filters)
    this.squares = new Float64Array(filters)
  }

  add (means: Float32Array, squares: Float32Array): void {
    this.images++
    means.forEach((mean, filter) => { this.means[filter] = (this.means[filter] ?? 0) + mean })
    squares.forEach((square, filter) => { this.squares[filter] = (this.squares[filter] ?? 0) + square })
  }

  /** Moments over all images, with a bias added. */
  moments (bias: Float32Array | undefined): Moments {
    const means = this.means.map((sum) => sum / this.images)
    return {
      mean: means.map((mean, filter) => mean + (bias?.[filter] ?? 0)),
      variance: this.squares.map((sum, filter) => Math.max(0, sum / this.images - (means[filter] ?? 0) ** 2))
    }
  }
}
