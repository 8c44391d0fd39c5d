import { WeightsError } from '../../model/weights.js'

/** Side of Xception's input where neither the file nor the user says it. */
const DEFAULT_SIDE = 299
const CHANNELS = [1, 3] as const

export interface InputShape {
  /** Of the square picture, in pixels. */
  readonly side: number
  /** 3 is RGB, 1 is grey. */
  readonly channels: 1 | 3
  /** False where the file does not tell the side, and the hint or the default was taken. */
  readonly sideIsStated: boolean
}

/**
 * The input: its side is the first of the shapes [batch, height, width, channels] that states it, else the hint, else 299.
 * Throws a WeightsError if a shape is not a square picture's, RGB or grey, or contradicts the hint.
 */
export function inputOf (shapes: readonly unknown[], hint: number | undefined): InputShape {
  const stated = shapes.flatMap((shape) => statedBy(shape) ?? [])
  const side = stated.find((one) => one.side !== undefined)?.side
  if (side !== undefined && hint !== undefined && hint !== side) {
    throw new WeightsError(`the file says that the input is ${side}x${side} pixels, and the setting says ${hint}: leave the setting out`)
  }
  const channels = stated.find((one) => one.channels !== undefined)?.channels ?? 3
  return { side: side ?? hint ?? DEFAULT_SIDE, channels, sideIsStated: side !== undefined }
}

function statedBy (shape: unknown): { readonly side: number | undefined, readonly channels: 1 | 3 | undefined } | undefined {
  if (!Array.isArray(shape)) return undefined
  const [, height, width, channels] = shape as unknown[]
  const found = CHANNELS.find((count) => count === channels)
  const isSquare = (height ?? null) === (width ?? null) && ((height ?? null) === null || (Number.isInteger(height) && Number(height) > 0))
  if (shape.length !== 4 || !isSquare || (found === undefined && channels !== null)) {
    throw new WeightsError(`the input has shape [${shape.map((size) => size ?? 'any').join(', ')}], and square pictures, RGB or grey, ` +
      'are needed: [any, size, size, 3] or [any, size, size, 1]')
  }
  return { side: typeof height === 'number' ? height : undefined, channels: found }
}
