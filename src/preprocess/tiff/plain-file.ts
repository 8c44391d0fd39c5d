import { PHOTOMETRIC, TAGS } from './layout.js'

const SHORT = 3
const LONG = 4
const UNDEFINED = 7
const TYPE_BYTES: Readonly<Record<number, number>> = { [SHORT]: 2, [LONG]: 4, [UNDEFINED]: 1 }
const ENTRY_BYTES = 12
const HEADER_BYTES = 8
/** Longer values stand behind the directory. */
const VALUE_BYTES = 4
/** Bytes of a strip, so that libvips needs no more than a part of the picture at once. */
const STRIP_BYTES = 1024 * 1024
/** Pixels begin where samples of 16 bits can be written. */
const ALIGNMENT = 16

export interface PlainPicture {
  readonly width: number
  readonly height: number
  readonly photometric: number
  readonly colours: number
  /** What is said of an alpha after the colours; none where it is left out. */
  readonly alpha?: number | undefined
  readonly bits: 8 | 16
  readonly orientation?: number | undefined
  readonly profile?: Uint8Array | undefined
}

export const RGB = { photometric: PHOTOMETRIC.rgb, colours: 3, bits: 8 } as const

export interface PlainFile {
  readonly file: Buffer
  /** Pixel by pixel, row by row; a view of the file. */
  readonly samples: Uint8ClampedArray | Uint16Array
}

/** An uncompressed TIFF with room for its samples, which are to be written into it. */
export function plainTiff (picture: PlainPicture): PlainFile {
  const { width, height, bits, colours, alpha, photometric, orientation, profile } = picture
  const samples = colours + (alpha === undefined ? 0 : 1)
  const rowBytes = width * samples * bits / 8
  const rows = Math.max(1, Math.floor(STRIP_BYTES / rowBytes))
  const strips = Math.ceil(height / rows)
  const stripBytes = Array.from({ length: strips }, (_, strip) => Math.min(rows, height - strip * rows) * rowBytes)
  const entries: Entry[] = [
    [TAGS.width, LONG, [width]],
    [TAGS.height, LONG, [height]],
    [TAGS.bits, SHORT, Array<number>(samples).fill(bits)],
    [TAGS.compression, SHORT, [1]],
    [TAGS.photometric, SHORT, [photometric]],
    [TAGS.stripOffsets, LONG, Array.from({ length: strips }, (_, strip) => strip * rows * rowBytes)],
    [TAGS.orientation, SHORT, [orientation ?? 1]],
    [TAGS.samples, SHORT, [samples]],
    [TAGS.rowsPerStrip, LONG, [rows]],
    [TAGS.stripBytes, LONG, stripBytes],
    ...alpha === undefined ? [] : [[TAGS.extraSamples, SHORT, [alpha]] as const],
    ...profile === undefined ? [] : [[TAGS.profile, UNDEFINED, profile] as const]
  ]
  return withRoom(entries, height * rowBytes, bits)
}

type Entry = readonly [tag: number, type: number, values: readonly number[] | Uint8Array]

function withRoom (entries: readonly Entry[], pixelBytes: number, bits: 8 | 16): PlainFile {
  const directoryBytes = 2 + entries.length * ENTRY_BYTES + 4
  const longer = entries.filter((entry) => bytesOf(entry) > VALUE_BYTES).reduce((sum, entry) => sum + evenly(bytesOf(entry), 2), 0)
  const pixels = evenly(HEADER_BYTES + directoryBytes + longer, ALIGNMENT)
  const file = Buffer.from(new ArrayBuffer(pixels + pixelBytes))
  file.write('II')
  file.writeUInt16LE(42, 2)
  file.writeUInt32LE(HEADER_BYTES, 4)
  file.writeUInt16LE(entries.length, HEADER_BYTES)
  let free = HEADER_BYTES + directoryBytes
  entries.forEach((entry, index) => {
    const [tag, type, values] = entry
    const at = HEADER_BYTES + 2 + index * ENTRY_BYTES
    file.writeUInt16LE(tag, at)
    file.writeUInt16LE(type, at + 2)
    file.writeUInt32LE(values.length, at + 4)
    if (bytesOf(entry) > VALUE_BYTES) file.writeUInt32LE(free, at + 8)
    writeValues(file, bytesOf(entry) > VALUE_BYTES ? free : at + 8, type, tag === TAGS.stripOffsets ? moved(values, pixels) : values)
    if (bytesOf(entry) > VALUE_BYTES) free += evenly(bytesOf(entry), 2)
  })
  return { file, samples: bits === 8 ? new Uint8ClampedArray(file.buffer, pixels) : new Uint16Array(file.buffer, pixels) }
}

function writeValues (file: Buffer, at: number, type: number, values: Entry[2]): void {
  if (values instanceof Uint8Array) {
    file.set(values, at)
    return
  }
  const size = typeBytes(type)
  values.forEach((value, index) => { file.writeUIntLE(value, at + index * size, size) })
}

function moved (values: Entry[2], by: number): number[] {
  return Array.from(values, (value) => value + by)
}

function bytesOf ([, type, values]: Entry): number {
  return values.length * typeBytes(type)
}

function typeBytes (type: number): number {
  return TYPE_BYTES[type] ?? 1
}

function evenly (bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit
}
