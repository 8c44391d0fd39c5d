import { channelsOf } from '../../model/shapes.js'
import type { Emitter } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import type { Given } from './given.js'
import { refuse } from './refusal.js'
import { demandChannelAxis, functionOf, settingOf } from './settings.js'
import { channelIndex, isSlice, turnsChannels } from './slices.js'

/** Weights by which a picture becomes grey in Keras and TensorFlow; three times as much, since they are followed by a mean of three. */
const LUMA = [3 * 0.2989, 3 * 0.587, 3 * 0.114]
/** More copies or turned channels are of no picture. */
const MOST = 64

/**
 * Appends a function that repeats, turns around, takes apart or drops channels; undefined where a layer is none.
 * Throws a WeightsError if it is along other axes.
 */
export function emitChannelFunction (emitter: Emitter, layer: FlatLayer, input: string): Given | undefined {
  const shape = emitter.shapeOf(input)
  const channels = channelsOf(shape)
  const whole = (name: string): Given => ({ name, isPlane: false })
  const slice = (start: number, end: number, suffix = ''): string => (
    emitter.add(layer, { kind: 'channelSlice', start, end }, [input], { suffix })
  )
  if (isSlice(layer)) {
    const index = channelIndex(layer, shape)
    if (index !== undefined) return { name: slice(index, index + 1), isPlane: true }
    return turnsChannels(layer, shape.length) ? whole(turned(emitter, layer, input)) : undefined
  }
  switch (functionOf(layer)) {
    case 'Flip': case 'reverse':
      demandChannelAxis(layer, shape)
      return whole(turned(emitter, layer, input))
    case 'image.grayscale_to_rgb': return whole(copies(emitter, layer, input, 3))
    case 'Repeat': case 'repeat':
      demandChannelAxis(layer, shape)
      return whole(copies(emitter, layer, input, settingOf(layer, 'repeats')))
    case 'Tile': case 'tile': {
      const factors = [settingOf(layer, 'repeats', 'multiples')].flat()
      const isOfChannels = factors.slice(0, -1).every((factor) => factor === 1)
      if (!isOfChannels) refuse(layer, `repeats ${JSON.stringify(factors)}, and only channels are repeated`)
      return whole(copies(emitter, layer, input, factors.at(-1)))
    }
    case 'RGBToGrayscale': case 'image.rgb_to_grayscale': {
      if (channels !== 3) refuse(layer, `reads ${channels} channels, and three are needed`)
      const weighed = emitter.add(layer, { kind: 'affine', scale: LUMA, offset: 0 }, [input], { suffix: '_weighed' })
      return whole(emitter.add(layer, { kind: 'channelMean' }, [weighed]))
    }
    case 'Split': case 'split': {
      demandChannelAxis(layer, shape)
      const [start, end] = part(layer, channels)
      return whole(slice(start, end))
    }
    case 'Unstack': case 'unstack':
      demandChannelAxis(layer, shape)
      return { name: slice(layer.tensor, layer.tensor + 1), isPlane: true }
    default: return undefined
  }
}

/** Which channels one of the tensors of a split has, by their number or by the sizes (TensorFlow) or ends (Keras 3) of them. */
function part (layer: FlatLayer, channels: number): [start: number, end: number] {
  const { tensor } = layer
  const stated = settingOf(layer, 'indices_or_sections', 'num_or_size_splits')
  if (typeof stated === 'number') return [tensor * channels / stated, (tensor + 1) * channels / stated]
  const numbers = [stated].flat().map(Number)
  if (layer.className === 'Split') return [numbers[tensor - 1] ?? 0, numbers[tensor] ?? channels]
  const start = numbers.slice(0, tensor).reduce((sum, size) => sum + size, 0)
  return [start, start + (numbers[tensor] ?? 0)]
}

function copies (emitter: Emitter, layer: FlatLayer, input: string, count: unknown): string {
  const channels = channelsOf(emitter.shapeOf(input))
  if (count === 1) return input
  if (channels !== 1 || !Number.isInteger(count) || Number(count) < 1 || Number(count) > MOST) {
    return refuse(layer, `repeats ${channels} channels ${JSON.stringify(count)} times, and one is repeated up to ${MOST} times`)
  }
  return emitter.add(layer, { kind: 'concatenate' }, Array.from({ length: Number(count) }, () => input))
}

/** The channels in the opposite order, of which there may not be many. */
export function turned (emitter: Emitter, layer: FlatLayer, input: string): string {
  const channels = channelsOf(emitter.shapeOf(input))
  if (channels > MOST) return refuse(layer, `turns ${channels} channels around, and ${MOST} are the most that are`)
  if (channels === 1) return input
  const single = Array.from({ length: channels }, (_, channel) => (
    emitter.add(layer, { kind: 'channelSlice', start: channel, end: channel + 1 }, [input], { suffix: `_${channel}` })
  ))
  return emitter.add(layer, { kind: 'concatenate' }, single.reverse(), { suffix: '_turned' })
}
