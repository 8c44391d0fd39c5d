import { totalmem } from 'node:os'
import type { Examples } from './batches.js'

/** The share of the machine's memory that decoded pictures are kept in. */
const MEMORY_SHARE = 0.25

type Pixels = Uint8Array<ArrayBuffer>

interface LabelledFile {
  readonly label: number
  readonly read: () => Promise<Uint8Array>
}

/** Pictures that are decoded when they are first asked for, and kept as long as there is room. */
export function examplesOf (samples: readonly LabelledFile[], decode: (file: Uint8Array) => Promise<Pixels>): Examples {
  const kept: Array<Pixels | undefined> = []
  let room = totalmem() * MEMORY_SHARE
  return {
    labels: samples.map(({ label }) => label),
    pixels: async (index) => {
      const known = kept[index]
      if (known !== undefined) return known
      const sample = samples[index]
      if (sample === undefined) throw new RangeError(`there is no picture ${index}`)
      const pixels = await decode(await sample.read())
      if (room >= pixels.length && kept[index] === undefined) {
        kept[index] = pixels
        room -= pixels.length
      }
      return pixels
    }
  }
}
