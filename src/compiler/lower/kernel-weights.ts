import type { Tensor } from '../../model/weights.js'
import type { Precision } from '../precision.js'

/*
 * Weights in the order in which the addon's kernels read them: see native/convolutions/kernels.h, which has the same numbers.
 */

const PANEL_FILTERS = 32
const CHANNEL_STEP = 32

/** Depthwise weights [3, 3, channels, 1] as kernels read them: each position of the window with zeros at its end. */
export function depthwiseWeights ({ shape: [height = 0, width = 0, channels = 0], data }: Tensor): Float32Array {
  const padded = roundUp(channels, CHANNEL_STEP)
  const weights = new Float32Array(height * width * padded)
  for (let at = 0; at < height * width; at++) weights.set(data.subarray(at * channels, (at + 1) * channels), at * padded)
  return weights
}

/**
 * Pointwise weights [1, 1, channels, filters] as kernels read them: [panels, channels / depth, filters of a panel, depth], zeros where
 * there is none.
 */
export function pointwiseWeights ({ shape, data }: Tensor, type: Precision): Float32Array {
  return inPanels(shape, data, type === 'bfloat16' ? 2 : 1, (length) => new Float32Array(length))
}

/** The same of int8, of [channels, filters]. */
export function pointwiseIntegers (shape: readonly number[], integers: Int8Array): Int8Array {
  return inPanels(shape, integers, 4, (length) => new Int8Array(length))
}

function inPanels<Numbers extends Float32Array | Int8Array> (
  shape: readonly number[], data: Numbers, depth: number, make: (length: number) => Numbers
): Numbers {
  const [channels = 0, filters = 0] = shape.slice(-2)
  const panelLength = roundUp(channels, depth) * PANEL_FILTERS
  const weights = make(roundUp(filters, PANEL_FILTERS) / PANEL_FILTERS * panelLength)
  for (let channel = 0; channel < channels; channel++) {
    const ofChannel = Math.floor(channel / depth) * depth * PANEL_FILTERS + channel % depth
    for (let filter = 0; filter < filters; filter++) {
      const ofFilter = Math.floor(filter / PANEL_FILTERS) * panelLength + filter % PANEL_FILTERS * depth
      weights[ofFilter + ofChannel] = data[channel * filters + filter] ?? 0
    }
  }
  return weights
}

/** One number a filter, with zeros up to the end of the last panel. */
export function filterNumbers (numbers: Float32Array): Float32Array {
  return padded(numbers, PANEL_FILTERS)
}

/** One number a channel, as in each row of the depthwise weights. */
export function channelNumbers (numbers: Float32Array): Float32Array {
  return padded(numbers, CHANNEL_STEP)
}

function padded (numbers: Float32Array, step: number): Float32Array {
  const whole = new Float32Array(roundUp(numbers.length, step))
  whole.set(numbers)
  return whole
}

function roundUp (number: number, step: number): number {
  return Math.ceil(number / step) * step
}
