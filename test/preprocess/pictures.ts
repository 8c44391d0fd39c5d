import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

import type { InputSpec } from '../../src/model/input.js'
import { asBytes, createDecoder, MemoryTurns, type ImageLimits, type Pixels } from '../../src/preprocess/index.js'

export const FILL: InputSpec = { size: 48, channels: 3, fit: 'fill', cropFraction: 1, kernel: 'linear' }
export const CROP: InputSpec = { size: 48, channels: 3, fit: 'crop', cropFraction: 0.875, kernel: 'linear' }
export const LIMITS: ImageLimits = { maxImageBytes: 10 * 2 ** 20, maxImagePixels: 4_000_000 }

/** More than any picture of these tests takes. */
const TIMEOUT_MS = 60_000

/** Decodes an image as the service does, without waiting for others. */
export async function toPixels (upload: Uint8Array, input: InputSpec, limits: ImageLimits): Promise<Uint8Array<ArrayBuffer>> {
  return asBytes(await decoded(upload, input, limits))
}

/** Does what `toPixels` does, and gives float32 where the input states a rescaling. */
export async function decoded (upload: Uint8Array, input: InputSpec, limits: ImageLimits): Promise<Pixels> {
  return await createDecoder({ concurrency: 1, input, limits, memory: new MemoryTurns(2 ** 33), timeoutMs: TIMEOUT_MS }).decode(upload)
}

/** RGB, 8 bit. */
export interface Picture {
  width: number
  height: number
  rgb: Uint8Array
}

export function paint (width: number, height: number, colour: (x: number, y: number) => readonly [number, number, number]): Picture {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgb.set(colour(x, y), (y * width + x) * 3)
  }
  return { width, height, rgb }
}

/** Smooth, and different in every corner and direction. */
export function gradient (width: number, height: number): Picture {
  return paint(width, height, (x, y) => {
    const [u, v] = [x / width, y / height]
    return [60 + Math.round(150 * u), 60 + Math.round(150 * v), 128 + Math.round(60 * Math.sin(5 * u * u + 3 * v))]
  })
}

/** Twelve flat colours, so that a palette holds it. */
export function patches (width: number, height: number): Picture {
  return paint(width, height, (x, y) => {
    const [column, row] = [Math.floor(x * 4 / width), Math.floor(y * 3 / height)]
    return [40 + column * 60, 30 + row * 90, 250 - column * 30 - row * 20]
  })
}

export function toSharp ({ width, height, rgb }: Picture): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
}

/** Sixteen bits a sample, every sample the eight bits twice. */
export function toSharp16 ({ width, height, rgb }: Picture): Sharp {
  return sharp(Uint16Array.from(rgb, value => value * 257), { raw: { width, height, channels: 3 } }).toColourspace('rgb16')
}

/** Frames of equal size, for formats with animation. */
export function toAnimation (frames: readonly Picture[]): Sharp {
  const [first] = frames
  if (first === undefined) throw new Error('an animation needs a frame')
  const { width, height } = first
  return sharp(Buffer.concat(frames.map(frame => frame.rgb)), {
    raw: { width, height: height * frames.length, channels: 3, pageHeight: height }
  })
}

/**
 * The picture as a camera held in another way would store it: TIFF 6.0, page 36, names for each value of Orientation
 * the visual side of the stored first row and first column.
 */
export function storedAs (orientation: number, upright: Picture): Picture {
  const { width, height, rgb } = upright
  const right = width - 1
  const bottom = height - 1
  const turned = orientation >= 5
  const source: Record<number, (row: number, column: number) => [x: number, y: number]> = {
    1: (row, column) => [column, row],
    2: (row, column) => [right - column, row],
    3: (row, column) => [right - column, bottom - row],
    4: (row, column) => [column, bottom - row],
    5: (row, column) => [row, column],
    6: (row, column) => [right - row, column],
    7: (row, column) => [right - row, bottom - column],
    8: (row, column) => [row, bottom - column]
  }
  return paint(turned ? height : width, turned ? width : height, (column, row) => {
    const [x, y] = source[orientation]!(row, column)
    const offset = (y * width + x) * 3
    return [rgb[offset]!, rgb[offset + 1]!, rgb[offset + 2]!]
  })
}

export function pngChunk (type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

const PNG_HEADER_BYTES = 33

/** Labels a PNG with an ICC profile and leaves its pixels alone. */
export function withProfile (png: Buffer, profile: Uint8Array): Buffer {
  const chunk = pngChunk('iCCP', Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)]))
  return Buffer.concat([png.subarray(0, PNG_HEADER_BYTES), chunk, png.subarray(PNG_HEADER_BYTES)])
}

/** The profile that libvips has under a name. */
export async function builtInProfile (name: 'srgb' | 'p3'): Promise<Buffer> {
  const png = await toSharp(gradient(2, 2)).withIccProfile(name).png().toBuffer()
  const { icc } = await sharp(png).metadata()
  if (icc === undefined) throw new Error(`libvips wrote no ${name} profile`)
  return icc
}

export interface Difference {
  largest: number
  mean: number
}

export function difference (actual: Uint8Array, expected: Uint8Array): Difference {
  if (actual.length !== expected.length) throw new Error(`${actual.length} bytes against ${expected.length}`)
  let largest = 0
  let sum = 0
  actual.forEach((value, index) => {
    const distance = Math.abs(value - expected[index]!)
    largest = Math.max(largest, distance)
    sum += distance
  })
  return { largest, mean: sum / actual.length }
}
