import type { HeaderLines } from './case.js'

/** A body with the type that its sender gives it; undefined for none. */
export interface TypedBody {
  readonly type: string | undefined
  /** Others that say how to read it. */
  readonly headers?: HeaderLines
  readonly bytes: Buffer
}
