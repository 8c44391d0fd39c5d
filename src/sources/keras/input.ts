import { WeightsError } from '../../model/weights.js'

/** Side of Xception's input where neither the file nor the user says it. */
const DEFAULT_SIDE = 299
const CHANNELS = [1, 3] as const

export interface InputShape {
  /** Height in pixels, and width, unless that is stated. */
  readonly side: number
  /** Width where the picture is not square. */
  readonly width?: number
  /** 3 is RGB, 1 is grey. */
  readonly channels: 1 | 3
  /** False where the file does not tell the side, and the hint or the default was taken. */
  readonly sideIsStated: boolean
}

/**
 * The input: its sides are the first of the shapes [batch, height, width, channels] that states them, else the hint, else 299.
 * Throws a WeightsError if a shape is not a picture's, RGB or grey, or contradicts the hint.
 */
export function inputOf (shapes: readonly unknown[], hint: number | undefined): InputShape {
  const stated = shapes.flatMap((shape) => statedBy(shape) ?? [])
  const sides = stated.find((one) => one.sides !== undefined)?.sides
  if (sides !== undefined && hint !== undefined && sides.some((side) => side !== hint)) {
    throw new WeightsError(`the file says that the input is ${sides.join('x')} pixels, and the setting says ${hint}: leave the setting out`)
  }
  const channels = stated.find((one) => one.channels !== undefined)?.channels ?? 3
  const [side = hint ?? DEFAULT_SIDE, width = side] = sides ?? []
  return { side, ...width === side ? {} : { width }, channels, sideIsStated: sides !== undefined }
}

interface Stated {
  readonly sides: readonly [height: number, width: number] | undefined
  readonly channels: 1 | 3 | undefined
}

function statedBy (shape: unknown): Stated | undefined {
  if (!Array.isArray(shape)) return undefined
  const [, height, width, channels] = shape as unknown[]
  const found = CHANNELS.find((count) => count === channels)
  const isAny = (height ?? null) === null && (width ?? null) === null
  if (shape.length !== 4 || !(isAny || (isSide(height) && isSide(width))) || (found === undefined && channels !== null)) {
    throw new WeightsError(`the input has shape [${shape.map((size) => size ?? 'any').join(', ')}], and pictures, RGB or grey, ` +
      'are needed: [any, height, width, 3] or [any, height, width, 1]')
  }
  return { sides: isSide(height) && isSide(width) ? [height, width] : undefined, channels: found }
}

function isSide (value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0
}
