/** Enough that few are needed, and little where a body is small. */
const FIRST_SLAB_BYTES = 16 * 1024
const LARGEST_SLAB_BYTES = 1024 * 1024

/**
 * Collects pieces in memory of its own. A piece of one byte costs one byte: kept as it is, it would hold on to an object and
 * the whole of what was read from the network with it, a hundred times its size.
 */
export class Bytes {
  private readonly full: Buffer[] = []
  private slab = Buffer.alloc(0)
  private used = 0
  private total = 0

  /** Whoever knows how many bytes will come says so: they are put where they stay, unless they are many. */
  constructor (private readonly expected = FIRST_SLAB_BYTES) {}

  get length (): number {
    return this.total
  }

  append (piece: Uint8Array): void {
    for (let start = 0; start < piece.length;) {
      if (this.used === this.slab.length) this.nextSlab()
      const part = piece.subarray(start, start + this.slab.length - this.used)
      this.slab.set(part, this.used)
      this.used += part.length
      start += part.length
    }
    this.total += piece.length
  }

  /** All of it as one; nothing may be appended afterwards. */
  finish (): Buffer {
    const last = this.slab.subarray(0, this.used)
    return this.full.length === 0 ? last : Buffer.concat([...this.full, last], this.total)
  }

  private nextSlab (): void {
    if (this.used > 0) this.full.push(this.slab)
    const wanted = this.full.length === 0 ? this.expected : Math.max(FIRST_SLAB_BYTES, this.total)
    this.slab = Buffer.allocUnsafeSlow(Math.min(LARGEST_SLAB_BYTES, wanted))
    this.used = 0
  }
}
