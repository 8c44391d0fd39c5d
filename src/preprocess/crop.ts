import { cropOutside } from '../base/sentences.js'
import type { Box, Size } from './geometry.js'

/** A part of a picture in pixels of the upright one, from the left and the top, and by how much it is scaled around its centre. */
export interface Crop extends Size {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/**
 * The whole pixels of an upright picture that a crop means: its edges, scaled, then rounded, then no further than the picture's. Throws
 * a ServiceError `crop_outside_image` where nothing is left.
 */
export function boxOf ({ x, y, width, height, scale }: Crop, upright: Size): Box {
  const [left, right] = edges(x, width, scale, upright.width)
  const [top, bottom] = edges(y, height, scale, upright.height)
  if (right <= left || bottom <= top) throw cropOutside(upright.width, upright.height)
  return { left, top, width: right - left, height: bottom - top }
}

function edges (begin: number, length: number, scale: number, end: number): readonly [number, number] {
  const centre = begin + length / 2
  const within = (edge: number): number => Math.min(end, Math.max(0, Math.round(edge)))
  return [within(centre - length * scale / 2), within(centre + length * scale / 2)]
}

/** The same part of the picture as it is stored, before its orientation is applied: 1 to 8 as in Exif, any other is none. */
export function asStored ({ left, top, width, height }: Box, stored: Size, orientation: number | undefined): Box {
  const right = (outer: number): number => outer - left - width
  const bottom = (outer: number): number => outer - top - height
  const turned = { width: height, height: width }
  switch (orientation) {
    case 2: return { left: right(stored.width), top, width, height }
    case 3: return { left: right(stored.width), top: bottom(stored.height), width, height }
    case 4: return { left, top: bottom(stored.height), width, height }
    case 5: return { left: top, top: left, ...turned }
    case 6: return { left: top, top: right(stored.height), ...turned }
    case 7: return { left: bottom(stored.width), top: right(stored.height), ...turned }
    case 8: return { left: bottom(stored.width), top: left, ...turned }
    default: return { left, top, width, height }
  }
}
