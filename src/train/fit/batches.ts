import type { NetworkInput } from '../../model/network.js'
import type { Images } from '../process/protocol.js'
import { mixed, varied } from './augment.js'
import { chance, shuffled, symmetricBeta } from './chance.js'
import type { Recipe } from './recipe.js'

/** Pictures with their classes, by their numbers from 0. */
export interface Examples {
  readonly labels: ArrayLike<number>
  /** Bytes of the network's input, [side, side, channels]. */
  readonly pixels: (index: number) => Promise<Uint8Array<ArrayBuffer>>
}

export interface Batch {
  readonly images: Images
  /** [images, classes], row-major. */
  readonly labels: Float32Array<ArrayBuffer>
}

export interface BatchOptions {
  readonly examples: Examples
  readonly classes: number
  readonly input: Pick<NetworkInput, 'side' | 'channels'>
  readonly recipe: Recipe
}

/** Makes the batch of any step, from the step's number alone. */
export class Batches {
  /** Steps of an epoch; what does not fill a last batch is not seen in it. */
  readonly stepsPerEpoch: number
  private epoch = NaN
  private order = new Uint32Array(0)

  constructor (private readonly options: BatchOptions) {
    const { examples: { labels }, recipe: { batch } } = options
    this.stepsPerEpoch = Math.floor(labels.length / batch)
  }

  async at (step: number): Promise<Batch> {
    const { recipe } = this.options
    const chosen = this.chosen(step)
    const pictures = await Promise.all(Array.from(chosen, (index) => this.variant(index)))
    const labels = this.smoothed(chosen)
    if (recipe.mixup === 0) return { images: pictures, labels }
    const random = chance(recipe.seed, 'mixing', step)
    const shares = pictures.map(() => symmetricBeta(recipe.mixup, random))
    return {
      images: pictures.map((picture, index) => mixed(picture, pictures[(index + 1) % pictures.length] ?? picture, shares[index] ?? 1)),
      labels: mixedLabels(labels, shares)
    }
  }

  private chosen (step: number): Uint32Array {
    const { examples, recipe: { seed, batch } } = this.options
    const epoch = Math.floor(step / this.stepsPerEpoch)
    if (epoch !== this.epoch) {
      this.epoch = epoch
      this.order = shuffled(examples.labels.length, chance(seed, 'order', epoch))
    }
    const start = step % this.stepsPerEpoch * batch
    return this.order.subarray(start, start + batch)
  }

  private async variant (index: number): Promise<Uint8Array<ArrayBuffer>> {
    const { examples, input, recipe } = this.options
    const random = chance(recipe.seed, 'picture', this.epoch, index)
    return varied(await examples.pixels(index), input, recipe, random)
  }

  private smoothed (chosen: Uint32Array): Float32Array<ArrayBuffer> {
    const { examples, classes, recipe: { labelSmoothing } } = this.options
    const labels = new Float32Array(chosen.length * classes).fill(labelSmoothing / classes)
    chosen.forEach((index, row) => {
      labels[row * classes + (examples.labels[index] ?? 0)] = 1 - labelSmoothing + labelSmoothing / classes
    })
    return labels
  }
}

function mixedLabels (labels: Float32Array, shares: readonly number[]): Float32Array<ArrayBuffer> {
  const classes = labels.length / shares.length
  return Float32Array.from(labels, (value, at) => {
    const share = shares[Math.floor(at / classes)] ?? 1
    return share * value + (1 - share) * (labels[(at + classes) % labels.length] ?? 0)
  })
}
