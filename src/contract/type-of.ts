import type { Static, TSchema } from '../base/typebox.js'

/** What a schema describes, as whoever makes or reads a reply sees it: nobody changes one. */
export type TypeOf<S extends TSchema> = Unchanging<Static<S>>

type Unchanging<T> =
  T extends ReadonlyArray<infer Item> ? ReadonlyArray<Unchanging<Item>>
    : T extends object ? { readonly [Key in keyof T]: Unchanging<T[Key]> }
      : T

/** A query as an address has it: text that nothing has read yet. */
export type QueryText<S extends TSchema> = { readonly [Key in keyof Static<S>]?: string }
