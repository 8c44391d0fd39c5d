/**
 * What a JsonScanner tells of, in the order of the body. `depth` counts the objects and arrays around: 0 for the document
 * itself, 1 for the members of an outermost object. Whatever a method throws ends the scan and reaches who pushed.
 *
 * Text and numbers cost little unless they are wanted, and nothing is kept but by the listener. One that reads tensors answers
 * `number` with true while it is inside of the data and writes each `numberValue` into its typed array: a few calls a number,
 * no objects. It checks shapes with `open` and `close`.
 */
export interface JsonListener {
  /** An object or array begins. */
  open (kind: 'object' | 'array', depth: number): void
  /** The object or array that began at this depth is over. */
  close (depth: number): void
  literal (value: boolean | null, depth: number): void
  /** A number begins; true if its value is wanted. */
  number (depth: number): boolean
  /** The value of the number that is wanted: what `JSON.parse` makes of it, so Infinity beyond what a float64 holds. */
  numberValue (value: number): void
  /** A string begins, or a member's name; true if its text is wanted. */
  string (isKey: boolean, depth: number): boolean
  /**
   * A piece of the text that is wanted: bytes[start] to before bytes[end], UTF-8, escapes resolved. The bytes are lent for this
   * call, and a character may be cut between two pieces. Half of a surrogate pair is U+FFFD.
   */
  text (bytes: Buffer, start: number, end: number): void
  /** The text that is wanted is over. */
  endOfText (): void
}
