import { overloaded } from '../base/sentences.js'

/** Taken for a body that does not say how long it is, and again whenever it has filled what it has. */
const STEP_BYTES = 1024 * 1024

/** The bytes of uploads that the process holds or has been promised, bounded together. */
export class ByteBudget {
  private taken = 0

  /** `onChange` is told how many bytes are taken. */
  constructor (readonly size: number, private readonly onChange: (taken: number) => void = () => {}) {}

  /**
   * Takes what an upload announces, or a first MiB of one that announces nothing. Throws a ServiceError `overloaded` if so
   * much is not left, and says when to try again.
   */
  claim (announcedBytes: number | undefined, retryAfterSeconds: () => number = () => 1): ByteClaim {
    const claim = new ByteClaim((bytes) => { this.change(bytes, retryAfterSeconds) })
    claim.take(announcedBytes ?? STEP_BYTES)
    return claim
  }

  private change (by: number, retryAfterSeconds: () => number): void {
    if (by > 0 && this.taken + by > this.size) throw overloaded(this.size, by, retryAfterSeconds())
    this.taken += by
    this.onChange(this.taken)
  }
}

/** What one upload holds of a ByteBudget. */
export class ByteClaim {
  private held = 0
  private received = 0
  private kept = 0

  constructor (private readonly change: (by: number) => void) {}

  take (bytes: number): void {
    this.change(bytes)
    this.held += bytes
  }

  /** Counts what has arrived. Throws a ServiceError `overloaded` if that is more than was taken and no more is left. */
  receive (bytes: number): void {
    this.received += bytes
    while (this.received > this.held) this.take(STEP_BYTES)
  }

  /**
   * Counts what is kept of what has arrived, where that can be more: numbers take less as text. Throws as `receive`.
   */
  hold (bytes: number): void {
    this.kept += bytes
    if (this.kept > this.held) this.take(this.kept - this.held)
  }

  /** Gives back what is not needed any more, at most what is held. */
  giveBack (bytes: number): void {
    const given = Math.min(bytes, this.held)
    this.held -= given
    this.change(-given)
  }

  /** Gives back all but so many bytes. */
  keep (bytes: number): void {
    this.giveBack(Math.max(0, this.held - bytes))
  }

  /** Gives back everything; more than once changes nothing. */
  release (): void {
    this.keep(0)
  }
}
