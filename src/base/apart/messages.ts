/* What goes between a process and a module that runs apart, see `ModuleApart`. */

/** The module's process sends it first: its program runs. */
export const BEGUN = 'begun'
/** Has the module's process end. */
export const END = 'end'

/** Calls a function of the module. */
export interface Call {
  readonly name: string
  readonly args: readonly unknown[]
}

export type Outcome = { readonly value: unknown } | { readonly error: SentError }

/** Errors lose their class on the way. */
export interface SentError {
  readonly kind: 'operator' | 'system' | 'defect'
  readonly message: string
  readonly stack: string | undefined
  /** What the system refused, where it did. */
  readonly refused: { readonly code?: string, readonly syscall?: string, readonly path?: string }
}
