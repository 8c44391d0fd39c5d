export type Numbers = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array

const BYTE = 1
const SHORT = 3
const LONG = 4
const DOUBLE = 12
const BYTES: Readonly<Record<number, number>> = { [BYTE]: 1, [SHORT]: 2, [LONG]: 4, [DOUBLE]: 8 }

export interface TiffFile {
  readonly width: number
  readonly height: number
  /** Pixel by pixel, in the byte order of the machine. */
  readonly samples: Numbers
  readonly perPixel: number
  readonly photometric: number
  readonly bits?: number
  readonly extraSamples?: readonly number[]
  readonly profile?: Uint8Array
  /** Tags beside those, or instead of them. */
  readonly tags?: ReadonlyArray<readonly [tag: number, type: number, values: readonly number[]]>
  readonly bigTiff?: boolean
}

/** SampleFormat by TIFF 6.0. */
function formatOf (samples: Numbers): number {
  if (samples instanceof Float32Array || samples instanceof Float64Array) return 3
  return samples instanceof Int8Array || samples instanceof Int16Array || samples instanceof Int32Array ? 2 : 1
}

/** An uncompressed TIFF of any samples, in one strip. */
export function tiff (file: TiffFile): Buffer {
  const { width, height, samples, perPixel, photometric, extraSamples, profile, tags = [], bigTiff = false } = file
  const bits = file.bits ?? samples.BYTES_PER_ELEMENT * 8
  const entries = new Map<number, readonly [type: number, values: readonly number[]]>([
    [256, [LONG, [width]]],
    [257, [LONG, [height]]],
    [258, [SHORT, Array<number>(perPixel).fill(bits)]],
    [259, [SHORT, [1]]],
    [262, [SHORT, [photometric]]],
    [273, [LONG, [0]]],
    [277, [SHORT, [perPixel]]],
    [278, [LONG, [height]]],
    [279, [LONG, [samples.byteLength]]],
    [339, [SHORT, Array<number>(perPixel).fill(formatOf(samples))]],
    ...extraSamples === undefined ? [] : [[338, [SHORT, extraSamples]] as const],
    ...profile === undefined ? [] : [[34675, [BYTE, [...profile]]] as const],
    ...tags.map(([tag, type, values]) => [tag, [type, values]] as const)
  ])
  return write([...entries].toSorted(([one], [other]) => one - other), samples, bigTiff)
}

type Entry = readonly [tag: number, content: readonly [type: number, values: readonly number[]]]

function write (entries: readonly Entry[], samples: Numbers, bigTiff: boolean): Buffer {
  const wide = bigTiff ? 8 : 4
  const [headerBytes, countBytes, entryBytes] = bigTiff ? [16, 8, 20] : [8, 2, 12]
  const bytesOf = ([, [type, values]]: Entry): number => values.length * (BYTES[type] ?? 1)
  const evenly = (bytes: number): number => bytes + bytes % 2
  let free = headerBytes + countBytes + entries.length * entryBytes + wide
  const pixels = entries.reduce((at, entry) => at + (bytesOf(entry) > wide ? evenly(bytesOf(entry)) : 0), free)
  const file = Buffer.alloc(pixels + samples.byteLength)
  const put = (value: number, at: number, bytes: number): void => { file.writeUIntLE(value, at, Math.min(bytes, 6)) }
  file.write('II')
  put(bigTiff ? 43 : 42, 2, 2)
  if (bigTiff) put(8, 4, 2)
  put(headerBytes, headerBytes - wide, wide)
  put(entries.length, headerBytes, countBytes)
  entries.forEach((entry, index) => {
    const [tag, [type, values]] = entry
    const at = headerBytes + countBytes + index * entryBytes
    const fits = bytesOf(entry) <= wide
    put(tag, at, 2)
    put(type, at + 2, 2)
    put(values.length, at + 4, wide)
    if (!fits) put(free, at + 4 + wide, wide)
    const place = fits ? at + 4 + wide : free
    const size = BYTES[type] ?? 1
    values.forEach((value, position) => {
      const written = tag === 273 && value === 0 ? pixels : value
      if (type === DOUBLE) file.writeDoubleLE(written, place + position * size)
      else put(written, place + position * size, size)
    })
    if (!fits) free += evenly(bytesOf(entry))
  })
  file.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), pixels)
  return file
}
