import { invalidTensor } from '../../base/sentences.js'

/** Follows nested lists and finds their shape, without keeping them. Throws a ServiceError `invalid_tensor` for ragged ones. */
export class NestedShape {
  /** Entries of the lists of each level that are over. */
  private readonly sizes: number[] = []
  /** Entries so far of the lists that are open. */
  private readonly counts: number[] = []
  private valueLevel: number | undefined

  open (level: number): void {
    if (this.valueLevel !== undefined && level >= this.valueLevel) throw ragged()
    this.countAt(level)
    this.counts[level] = 0
  }

  close (level: number): void {
    const count = this.counts[level] as number
    const size = this.sizes[level] ??= count
    if (size !== count) throw ragged()
  }

  value (level: number): void {
    this.valueLevel ??= level
    if (level !== this.valueLevel) throw ragged()
    this.countAt(level)
  }

  /** Once it is over: [] for a single value. */
  get shape (): readonly number[] {
    if (this.valueLevel !== undefined && this.valueLevel !== this.sizes.length) throw ragged()
    return this.sizes
  }

  private countAt (level: number): void {
    if (level > 0) this.counts[level - 1] = (this.counts[level - 1] as number) + 1
  }
}

function ragged (): Error {
  return invalidTensor('The lists of a tensor are nested in different ways, or have different lengths.')
}
