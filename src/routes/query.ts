import { wrongCount, wrongCrop, wrongCropScale, wrongFlag } from '../base/sentences.js'
import { LEAST_CROP_SCALE, MOST_CROP_SCALE } from '../contract/images.js'
import type { Work } from '../service/inference.js'

/** How many predictions an image gets; 5 where the client does not say. Throws a ServiceError `invalid_query`. */
export function readTopK (text: string | undefined, classes: number): number {
  if (text === undefined) return Math.min(5, classes)
  const k = Number(text)
  if (!/^\d+$/.test(text) || k < 1 || k > classes) throw wrongCount('topK', classes)
  return k
}

/** False where the client does not say. Throws a ServiceError `invalid_query`. */
export function readFlag (name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw wrongFlag(name)
}

/** Far beyond any picture; keeps what is computed with them exact. */
const MOST_DIGITS = 9
const NUMBER = new RegExp(`^-?\\d{1,${MOST_DIGITS}}(\\.\\d{1,${MOST_DIGITS}})?$`)

/** The part of each image that is meant; undefined where the client does not say. Throws a ServiceError `invalid_query`. */
export function readCrop (crop: string | undefined, cropScale: string | undefined): Work['crop'] {
  const scale = cropScale === undefined ? 1 : NUMBER.test(cropScale) ? Number(cropScale) : NaN
  const isInRange = scale >= LEAST_CROP_SCALE && scale <= MOST_CROP_SCALE
  if (!isInRange || (crop === undefined && cropScale !== undefined)) throw wrongCropScale(LEAST_CROP_SCALE, MOST_CROP_SCALE)
  if (crop === undefined) return undefined
  // A parameter that comes twice is a list.
  const texts = typeof crop === 'string' ? crop.split(',') : []
  const [x = NaN, y = NaN, width = NaN, height = NaN] = texts.map(Number)
  if (texts.length !== 4 || !texts.every((text) => NUMBER.test(text)) || !(width > 0 && height > 0)) throw wrongCrop()
  return { x, y, width, height, scale }
}
