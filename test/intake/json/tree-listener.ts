import type { JsonListener } from '../../../src/intake/json/listener.js'

/** Makes the tree that `JSON.parse` would make. */
export class TreeListener implements JsonListener {
  result: unknown
  private readonly containers: unknown[] = []
  private readonly keys: string[] = []
  private pieces: Buffer[] = []
  private isKey = false

  open (kind: 'object' | 'array', depth: number): void {
    const container = kind === 'array' ? [] : {}
    this.place(container, depth)
    this.containers[depth] = container
  }

  close (depth: number): void {
    this.containers.length = depth
  }

  literal (value: boolean | null, depth: number): void {
    this.place(value, depth)
  }

  number (): boolean {
    return true
  }

  numberValue (value: number): void {
    this.place(value, this.containers.length)
  }

  string (isKey: boolean): boolean {
    this.isKey = isKey
    this.pieces = []
    return true
  }

  text (bytes: Buffer, start: number, end: number): void {
    this.pieces.push(Buffer.from(bytes.subarray(start, end)))
  }

  endOfText (): void {
    const text = Buffer.concat(this.pieces).toString()
    if (this.isKey) this.keys[this.containers.length] = text
    else this.place(text, this.containers.length)
  }

  private place (value: unknown, depth: number): void {
    const parent = this.containers[depth - 1]
    if (parent === undefined) this.result = value
    else if (Array.isArray(parent)) parent.push(value)
    // A member may be called __proto__.
    else Object.defineProperty(parent, this.keys[depth] ?? '', { value, configurable: true, enumerable: true, writable: true })
  }
}
