import { channelsOf } from '../shapes.js'
import { RELU, type Walk } from './walk.js'

/*
 * What the members of the family differ in (Chollet 2017, arXiv 1610.02357, section 1): the module that looks for spatial
 * and for cross-channel patterns, which Xception's skeleton repeats.
 */

const KERNEL_SIZE = 3

/** A module that takes the place of Xception's separable convolution. */
export interface FamilyModule {
  /** What its layers are called: `block5_<label>1` and so on. */
  readonly label: string
  /** Inception modules have a non-linearity after each convolution; a separable convolution has one before it, which the skeleton adds. */
  readonly endsInRelu: boolean
  /** Appends the module's layers, whose names begin with `name`; it gives `filters` channels. */
  add (walk: Walk, name: string, filters: number): void
}

/** The depthwise separable convolution: one spatial convolution a channel, then a 1x1 convolution; `between` stands between the two. */
export function separable (between: 'none' | 'relu' | 'elu'): FamilyModule {
  return {
    label: 'sepconv',
    endsInRelu: false,
    add (walk, name, filters) {
      if (between === 'none') {
        walk.separableConvolution(name, filters, { kernel: KERNEL_SIZE })
      } else {
        walk.depthwiseConvolution(`${name}_depthwise`, { kernel: KERNEL_SIZE }, { depthwise_kernel: `${name}/depthwise_kernel` })
        walk.named(`${name}_${between}`, between)
        walk.bareConvolution(name, filters, { kernel: 1, padding: 'valid' }, walk.last, { kernel: `${name}/pointwise_kernel` })
      }
      walk.batchNormalization(`${name}_bn`)
    }
  }
}

/** Figure 2, a simplified Inception module: towers of one kernel size, each behind a 1x1 convolution of its own, no pooling tower. */
export function simplified (towers: number): FamilyModule {
  return {
    label: 'inception',
    endsInRelu: true,
    add (walk, name, filters) {
      const input = walk.last
      const ends = segmentsOf(filters, towers).map((size, index) => {
        const tower = `${name}_tower${index + 1}`
        walk.activatedConvolution(`${tower}_1x1`, size, { kernel: 1 }, input)
        return walk.activatedConvolution(`${tower}_3x3`, size, { kernel: KERNEL_SIZE })
      })
      join(walk, name, ends)
    }
  }
}

/** Figure 3: one 1x1 convolution, then spatial convolutions over `count` segments of its channels; one segment is a plain convolution. */
export function segmented (count: number): FamilyModule {
  return {
    label: 'inception',
    endsInRelu: true,
    add (walk, name, filters) {
      walk.activatedConvolution(`${name}_1x1`, filters, { kernel: 1 })
      addSpatial(walk, name, segmentsOf(filters, count))
      walk.batchNormalization(`${name}_bn`)
      walk.activation(`${name}_relu`, RELU)
    }
  }
}

/** Figure 4, the extreme version: as many segments as channels. */
export const EXTREME = segmented(Infinity)

/** Splits channels into `count` segments as equal as they go, the larger ones first; where there are fewer channels, into single ones. */
export function segmentsOf (channels: number, count: number): number[] {
  const segments = Math.min(count, channels)
  return Array.from({ length: segments }, (_, index) => Math.floor(channels / segments) + (index < channels % segments ? 1 : 0))
}

function addSpatial (walk: Walk, name: string, segments: readonly number[]): void {
  const input = walk.last
  if (segments.length === channelsOf(walk.shapeOf(input))) {
    walk.depthwiseConvolution(`${name}_depthwise`, { kernel: KERNEL_SIZE })
    return
  }
  if (segments.length === 1) {
    walk.bareConvolution(`${name}_3x3`, segments[0] ?? 0, { kernel: KERNEL_SIZE })
    return
  }
  let start = 0
  const ends = segments.map((size, index) => {
    const segment = walk.add(`${name}_segment${index + 1}`, { kind: 'channelSlice', start, end: start + size }, [input])
    start += size
    return walk.bareConvolution(`${name}_segment${index + 1}_3x3`, size, { kernel: KERNEL_SIZE }, segment)
  })
  join(walk, name, ends)
}

/** Concatenates towers; one alone is its own result. */
function join (walk: Walk, name: string, ends: string[]): void {
  if (ends.length > 1) walk.add(`${name}_concat`, { kind: 'concatenate' }, ends)
}
