import { Type } from '../../base/typebox.js'
import type { Emitter } from './emitter.js'
import type { FlatLayer } from './flatten.js'
import { refuse } from './refusal.js'
import { Count, Sides, demand, demandChannelsLast, functionOf, pair, settingOf, settingsOf, type Pair } from './settings.js'

const Size = Type.Object({ height: Count, width: Count })
const UpSampling = Type.Object({ size: Sides })
const Edge = Type.Integer({ minimum: 0, maximum: 10_000 })
const Edges = Type.Tuple([Edge, Edge])
const RESIZING = new Set(['Resizing', 'Resize', 'image.resize'])
const Cropping = Type.Object({ cropping: Type.Union([Edge, Edges, Type.Tuple([Edges, Edges])]) })

/**
 * Appends what a layer does that changes height and width without weights: enlarging, resizing, cropping; undefined where it is of another
 * kind. Throws a WeightsError that names the layer and the setting that is not supported.
 */
export function emitSize (emitter: Emitter, layer: FlatLayer, input: string): string | undefined {
  const [height, width] = emitter.shapeOf(input)
  if (width === undefined) return undefined
  const name = functionOf(layer)
  if (RESIZING.has(name)) return emitResizing(emitter, layer, input)
  switch (name) {
    case 'UpSampling2D': {
      demandChannelsLast(layer)
      const [down, right] = pair(settingsOf(layer, UpSampling).size)
      return emitResize(emitter, layer, input, [height * down, width * right], 'nearest')
    }
    case 'CenterCrop': {
      demandChannelsLast(layer)
      const size = settingsOf(layer, Size)
      if (size.height > height || size.width > width) return emitToAspect(emitter, layer, input, [size.height, size.width])
      return emitCrop(emitter, layer, input, [size.height, size.width], '')
    }
    case 'Cropping2D': {
      demandChannelsLast(layer)
      const { cropping } = settingsOf(layer, Cropping)
      const [rows, columns] = typeof cropping === 'number' ? [cropping, cropping] : cropping
      const [top, bottom] = typeof rows === 'number' ? [rows, rows] : rows
      const [left, right] = typeof columns === 'number' ? [columns, columns] : columns
      return emitter.add(layer, { kind: 'cropping', top, bottom, left, right }, [input])
    }
    default: return undefined
  }
}

/** How a layer resizes pictures of any size. */
interface Resizing {
  readonly size: Pair
  readonly method: 'nearest' | 'bilinear'
  /** Whether the largest part in the middle is resized that has the sides' ratio. */
  readonly keepsRatio: boolean
}

/**
 * How a layer resizes a picture whose size is not known; undefined where it does something else, or does it by more than four pixels.
 * Throws a WeightsError that names the layer and the setting that is not supported.
 */
export function resizingOf (layer: FlatLayer): Resizing | undefined {
  if (!RESIZING.has(functionOf(layer))) return undefined
  const size = resizedSize(layer)
  const method = settingOf(layer, 'interpolation', 'method') ?? 'bilinear'
  if ((method !== 'nearest' && method !== 'bilinear') || settingOf(layer, 'antialias') === true) return undefined
  if (settingOf(layer, 'pad_to_aspect_ratio') === true) {
    return refuse(layer, 'pads pictures of any size, which is not supported: INPUT_SIZE says to which size they are squeezed before it')
  }
  return { size, method, keepsRatio: settingOf(layer, 'crop_to_aspect_ratio') === true }
}

/** Keras's Resizing layer, its operation and TensorFlow's function. */
function emitResizing (emitter: Emitter, layer: FlatLayer, input: string): string {
  const size = resizedSize(layer)
  if (settingOf(layer, 'crop_to_aspect_ratio') === true) return emitToAspect(emitter, layer, input, size)
  if (settingOf(layer, 'pad_to_aspect_ratio') === true) return emitPadded(emitter, layer, input, size)
  return emitResize(emitter, layer, input, size, 'bilinear')
}

function resizedSize (layer: FlatLayer): Pair {
  demandChannelsLast(layer)
  demand(layer, 'preserve_aspect_ratio', settingOf(layer, 'preserve_aspect_ratio'), false)
  const stated = layer.className === 'Resizing' ? [layer.config.height, layer.config.width] : settingOf(layer, 'size')
  return pair(settingsOf({ ...layer, config: { size: stated } }, Type.Object({ size: Sides })).size)
}

/** The largest part in the middle that has the sides' ratio, resized. */
function emitToAspect (emitter: Emitter, layer: FlatLayer, input: string, size: Pair): string {
  const [height, width = 1] = emitter.shapeOf(input)
  const crop: Pair = [
    Math.min(height, Math.floor(width * size[0] / size[1])), Math.min(width, Math.floor(height * size[1] / size[0]))
  ]
  return emitResize(emitter, layer, emitCrop(emitter, layer, input, crop, '_cropped'), size, 'bilinear')
}

/** Zeros around it until it has the sides' ratio, resized. */
function emitPadded (emitter: Emitter, layer: FlatLayer, input: string, size: Pair): string {
  demand(layer, 'fill_mode', layer.config.fill_mode, 'constant')
  demand(layer, 'fill_value', layer.config.fill_value, 0)
  const [height, width = 1] = emitter.shapeOf(input)
  const [rows, columns] = [
    Math.max(height, Math.floor(width * size[0] / size[1])) - height, Math.max(width, Math.floor(height * size[1] / size[0])) - width
  ]
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)]
  const padded = rows + columns === 0
    ? input
    : emitter.add(layer, { kind: 'zeroPadding', top, bottom: rows - top, left, right: columns - left }, [input], { suffix: '_padded' })
  return emitResize(emitter, layer, padded, size, 'bilinear')
}

function emitCrop (emitter: Emitter, layer: FlatLayer, input: string, [rows, columns]: Pair, suffix: string): string {
  const [height, width = 1] = emitter.shapeOf(input)
  if (rows === height && columns === width) return input
  const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)]
  const operation = { kind: 'cropping' as const, top, bottom: height - rows - top, left, right: width - columns - left }
  return emitter.add(layer, operation, [input], { suffix })
}

function emitResize (emitter: Emitter, layer: FlatLayer, input: string, [height, width]: Pair, usual: string): string {
  const [fromHeight, fromWidth = 1] = emitter.shapeOf(input)
  if (height === fromHeight && width === fromWidth) return input
  const method = settingOf(layer, 'interpolation', 'method') ?? usual
  if (method !== 'nearest' && method !== 'bilinear') {
    return refuse(layer, `resizes by ${JSON.stringify(method)}, and nearest and bilinear are supported`)
  }
  if (settingOf(layer, 'antialias') === true && (height < fromHeight || width < fromWidth)) {
    return refuse(layer, 'makes smaller with antialiasing, which is not supported')
  }
  return emitter.add(layer, { kind: 'resizing', height, width, method }, [input])
}
