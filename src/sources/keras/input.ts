import { WeightsError } from '../../model/weights.js'

/** Side of Xception's input where neither the file nor the user says it. */
const DEFAULT_SIZE = 299
const CHANNELS = 3

export interface InputSize {
  readonly inputSize: number
  readonly fromFile: boolean
}

/**
 * The side of the square input: the first of the shapes [batch, height, width, channels] that states it, else the hint, else 299.
 * Throws a WeightsError if a shape is not a square RGB image's, or contradicts the hint.
 */
export function inputSizeOf (shapes: readonly unknown[], hint: number | undefined): InputSize {
  const sides = shapes.flatMap((shape) => sideOf(shape) ?? [])
  const [stated] = sides
  if (stated !== undefined && hint !== undefined && hint !== stated) {
    throw new WeightsError(`the file says that the input is ${stated}x${stated} pixels, and the setting says ${hint}: leave the setting out`)
  }
  return { inputSize: stated ?? hint ?? DEFAULT_SIZE, fromFile: stated !== undefined }
}

function sideOf (shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined
  const [, height, width, channels] = shape as unknown[]
  const fits = shape.length === 4 && (height ?? null) === (width ?? null) && (channels === CHANNELS || channels === null)
  if (!fits) throw new WeightsError(`the input has shape [${shape.map((size) => size ?? 'any').join(', ')}], and square RGB images, [any, size, size, ${CHANNELS}], are needed`)
  return typeof height === 'number' ? height : undefined
}
