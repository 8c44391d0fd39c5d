import { noStillPicture } from '../base/sentences.js'

/**
 * Reads what an AVIF says of its picture and libvips does not look at: boxes of ISO/IEC 14496-12 and 23008-12. The work is bounded
 * whatever the file says, and a box that leads out of the one around it is as if it were not there.
 */

/** What libvips leaves undone. */
export interface AvifOddities {
  /** Colours that alpha has been multiplied into already. */
  readonly premultiplied: boolean
  /** Grey from 16 to 235 (of 255) instead of 0 to 255. */
  readonly limitedGrey: boolean
}

/** A file that begins as an animation does and has a picture beside it, the animation's first as a rule. */
const ANIMATION_BRAND = 'avis'
const PICTURE_BRAND = 'avif'
const BRAND_AT = 8
const BRAND_END = 12

const MAX_BOXES = 1024
const MAX_PROPERTIES = 64

interface Box {
  readonly type: string
  readonly begin: number
  readonly end: number
}

/**
 * The file as libvips takes it: one whose first brand is that of an animation as a still picture. Throws a ServiceError
 * `unsupported_image_format` for an animation alone, without a picture of its own.
 */
export function stillAvif (file: Uint8Array): Uint8Array {
  if (latin1(file, BRAND_AT, BRAND_END) !== ANIMATION_BRAND) return file
  const boxes = new BoxReader(file)
  if (boxes.primary() === undefined) throw noStillPicture()
  const still = Uint8Array.from(file)
  still.set(Buffer.from(PICTURE_BRAND, 'latin1'), BRAND_AT)
  return still
}

export function avifOddities (file: Uint8Array): AvifOddities {
  const boxes = new BoxReader(file)
  const primary = boxes.primary()
  if (primary === undefined) return { premultiplied: false, limitedGrey: false }
  return {
    premultiplied: boxes.references('prem', primary).length > 0,
    limitedGrey: boxes.isLimited(primary) && boxes.isGrey(primary)
  }
}

class BoxReader {
  private readonly view: DataView
  private readonly meta: readonly Box[]

  constructor (private readonly file: Uint8Array) {
    this.view = new DataView(file.buffer, file.byteOffset, file.length)
    const meta = this.boxes(0, file.length).find(({ type }) => type === 'meta')
    this.meta = meta === undefined ? [] : this.boxes(meta.begin + 4, meta.end)
  }

  /** The item that the file is to show. */
  primary (): number | undefined {
    const box = this.meta.find(({ type }) => type === 'pitm')
    if (box === undefined || box.end - box.begin < 6) return undefined
    return this.itemAt(box.begin + 4, this.isWide(box, 1), box.end)
  }

  /** What an item refers to in a way. */
  references (type: string, from: number): number[] {
    const box = this.meta.find((box) => box.type === 'iref')
    if (box === undefined) return []
    const wide = this.isWide(box, 1)
    const bytes = wide ? 4 : 2
    return this.boxes(box.begin + 4, box.end).filter((reference) => reference.type === type)
      .filter(({ begin, end }) => this.itemAt(begin, wide, end) === from)
      .flatMap(({ begin, end }) => {
        const first = begin + bytes + 2
        const count = first > end ? 0 : this.view.getUint16(begin + bytes)
        return Array.from({ length: Math.min(count, MAX_PROPERTIES) }, (_, index) => this.itemAt(first + index * bytes, wide, end))
      })
      .filter((item) => item !== undefined)
  }

  /** Whether colours are said to leave out the ends of the range. */
  isLimited (item: number): boolean {
    return this.properties(item).some(({ type, begin, end }) => (
      type === 'colr' && end - begin >= 11 && latin1(this.file, begin, begin + 4) === 'nclx' && this.view.getUint8(begin + 10) < 0x80
    ))
  }

  /** Whether the picture, or that of which it is put together, has no colours. */
  isGrey (item: number): boolean {
    return [item, ...this.references('dimg', item)].some((part) => this.properties(part).some(({ type, begin, end }) => (
      type === 'av1C' && end - begin >= 4 && (this.view.getUint8(begin + 2) & 0x10) !== 0
    )))
  }

  private properties (item: number): Box[] {
    const box = this.meta.find(({ type }) => type === 'iprp')
    if (box === undefined) return []
    const parts = this.boxes(box.begin, box.end)
    const container = parts.find(({ type }) => type === 'ipco')
    const association = parts.find(({ type }) => type === 'ipma')
    if (container === undefined || association === undefined) return []
    const all = this.boxes(container.begin, container.end)
    return this.associated(association, item).map((index) => all[index - 1]).filter((property) => property !== undefined)
  }

  /** Numbers of an item's properties, from 1. */
  private associated (box: Box, item: number): number[] {
    if (box.end - box.begin < 8) return []
    const isLong = (this.view.getUint8(box.begin + 3) & 1) === 1
    const wide = this.isWide(box, 1)
    let at = box.begin + 8
    for (let entry = 0; entry < MAX_BOXES && at + (wide ? 4 : 2) < box.end; entry++) {
      const found = this.itemAt(at, wide, box.end)
      at += wide ? 4 : 2
      const count = this.view.getUint8(at++)
      const bytes = isLong ? 2 : 1
      if (found === item) {
        return Array.from({ length: Math.min(count, Math.floor((box.end - at) / bytes)) }, (_, index) => (
          isLong ? this.view.getUint16(at + 2 * index) & 0x7fff : this.view.getUint8(at + index) & 0x7f
        ))
      }
      at += count * bytes
    }
    return []
  }

  private itemAt (at: number, wide: boolean, end: number): number | undefined {
    if (at + (wide ? 4 : 2) > end) return undefined
    return wide ? this.view.getUint32(at) : this.view.getUint16(at)
  }

  /** Whether a full box is of a version from which on it has numbers of 32 bits. */
  private isWide ({ begin, end }: Box, version: number): boolean {
    return begin < end && this.view.getUint8(begin) >= version
  }

  private boxes (begin: number, end: number): Box[] {
    const found: Box[] = []
    for (let at = begin; at + 8 <= end && found.length < MAX_BOXES;) {
      const size = this.view.getUint32(at)
      const isLarge = size === 1 && at + 16 <= end
      const bytes = size === 0 ? end - at : isLarge ? Number(this.view.getBigUint64(at + 8)) : size
      const head = isLarge ? 16 : 8
      if (bytes < head || at + bytes > end) break
      found.push({ type: latin1(this.file, at + 4, at + 8), begin: at + head, end: at + bytes })
      at += bytes
    }
    return found
  }
}

function latin1 (bytes: Uint8Array, begin: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(begin, end))
}
