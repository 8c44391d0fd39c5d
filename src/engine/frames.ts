/*
 * How the service and a process of the engine talk over their pipe: in frames, each eight float64 (a mark, the lengths of head and
 * body in bytes, and five numbers that mean what both know), a head in JSON where numbers do not say enough, and a body of bytes
 * that nobody parses. What is asked most takes numbers alone: after a run neither process has code in its caches, and JSON's is long.
 * A TensorFlow that writes where it should not is noticed by the mark.
 */

const MARK = 0x58434550
const PREAMBLE_NUMBERS = 8
const PREAMBLE_BYTES = PREAMBLE_NUMBERS * Float64Array.BYTES_PER_ELEMENT
/** Mark and lengths, which stand before the numbers. */
const LENGTHS = 3
/** The head is filled up with spaces to a multiple of it, so that what follows can be seen as numbers of any size. */
const ALIGNMENT_BYTES = 8
const MAX_HEAD_BYTES = 2 ** 20
const MAX_BODY_BYTES = 2 ** 31 - 1
const NO_BYTES = new Uint8Array(0)

/** The numbers of a frame, as many as are wanted. */
export type FrameNumbers = readonly [number?, number?, number?, number?, number?]

export interface Frame {
  readonly numbers: Float64Array
  /** Parsed JSON, whatever it is; undefined where there is none. */
  readonly head: unknown
  /** Begins in its buffer where numbers of any size can. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** What is in a frame, see `Frame`. */
export interface Content {
  readonly numbers?: FrameNumbers
  /** Anything that JSON holds. */
  readonly head?: unknown
  readonly body?: ReadonlyArray<Uint8Array | Float32Array>
}

/** Writes frames into memory that is used again for the next one. */
export class FrameWriter {
  private bytes = new Uint8Array(PREAMBLE_BYTES)
  private preamble = new Float64Array(this.bytes.buffer)

  /** A whole frame, until the next one is written. */
  write (content: Content): Uint8Array<ArrayBuffer> {
    const { numbers = [], head, body = [] } = content
    const json = head === undefined ? '' : JSON.stringify(head)
    const headBytes = json === '' ? 0 : aligned(Buffer.byteLength(json))
    let bodyBytes = 0
    for (const { byteLength } of body) bodyBytes += byteLength
    const length = PREAMBLE_BYTES + headBytes + bodyBytes
    this.makeRoom(length)
    this.preamble[0] = MARK
    this.preamble[1] = headBytes
    this.preamble[2] = bodyBytes
    for (let index = 0; index < PREAMBLE_NUMBERS - LENGTHS; index++) this.preamble[LENGTHS + index] = numbers[index] ?? 0
    if (headBytes > 0) Buffer.from(this.bytes.buffer, PREAMBLE_BYTES, headBytes).fill(' ').write(json)
    let at = PREAMBLE_BYTES + headBytes
    for (const part of body) {
      this.bytes.set(bytesOf(part), at)
      at += part.byteLength
    }
    return length === this.bytes.length ? this.bytes : this.bytes.subarray(0, length)
  }

  private makeRoom (length: number): void {
    if (length <= this.bytes.length) return
    this.bytes = new Uint8Array(aligned(length))
    this.preamble = new Float64Array(this.bytes.buffer, 0, PREAMBLE_NUMBERS)
  }
}

/** Puts frames together from bytes as they come. */
export class FrameReader {
  private readonly preamble = new Float64Array(PREAMBLE_NUMBERS)
  private readonly preambleBytes = new Uint8Array(this.preamble.buffer)
  /** What is being filled: the preamble, or what follows it. */
  private filling: Uint8Array<ArrayBuffer> = this.preambleBytes
  private filled = 0
  /** What came last and is in nothing yet. */
  private rest: Uint8Array<ArrayBuffer> = NO_BYTES

  /** `memory` gives what of a frame follows the preamble so many bytes, from a byte on that is a multiple of eight. */
  constructor (private readonly memory: (bytes: number) => Uint8Array<ArrayBuffer> = newBytes) {}

  /** Bytes that came. All frames that are there are to be taken before there are more, or these are overwritten. */
  feed (bytes: Uint8Array<ArrayBuffer>): void {
    this.rest = bytes
  }

  /** The next frame that has come. Throws an Error if the bytes belong to none. */
  take (): Frame | undefined {
    for (;;) {
      const { rest, filling, filled } = this
      const wanted = filling.length - filled
      if (rest.length < wanted) {
        filling.set(rest, filled)
        this.filled += rest.length
        this.rest = NO_BYTES
        return undefined
      }
      filling.set(rest.length === wanted ? rest : rest.subarray(0, wanted), filled)
      this.rest = rest.length === wanted ? NO_BYTES : rest.subarray(wanted)
      this.filled = 0
      if (filling !== this.preambleBytes) return this.frame(filling)
      const length = this.lengthBehind()
      if (length === 0) return this.frame(NO_BYTES)
      this.filling = this.memory(length)
    }
  }

  private frame (bytes: Uint8Array<ArrayBuffer>): Frame {
    this.filling = this.preambleBytes
    const headBytes = this.preamble[1] ?? 0
    const head: unknown = headBytes === 0 ? undefined : JSON.parse(textOf(bytes, headBytes))
    return { numbers: this.preamble.slice(LENGTHS), head, body: headBytes === 0 ? bytes : bytes.subarray(headBytes) }
  }

  private lengthBehind (): number {
    const [mark, headBytes = NaN, bodyBytes = NaN] = this.preamble
    const areLengths = isLength(headBytes, MAX_HEAD_BYTES) && isLength(bodyBytes, MAX_BODY_BYTES)
    if (mark !== MARK || !areLengths || headBytes % ALIGNMENT_BYTES !== 0) throw new Error('bytes that are no frame')
    return headBytes + bodyBytes
  }
}

/** Memory for one frame after the other: each is over when the next one comes. */
export function reusedMemory (): (bytes: number) => Uint8Array<ArrayBuffer> {
  let all = newBytes(0)
  return (bytes) => {
    if (bytes > all.length) all = newBytes(bytes)
    return all.subarray(0, bytes)
  }
}

/** The bytes that numbers of any kind lie in. */
export function bytesOf (numbers: Uint8Array | Float32Array): Uint8Array {
  return numbers instanceof Uint8Array ? numbers : new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

function textOf ({ buffer, byteOffset }: Uint8Array<ArrayBuffer>, length: number): string {
  return Buffer.from(buffer, byteOffset, length).toString()
}

function isLength (value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most
}

function aligned (bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
}

/** Not zeroed: all of it will be written before it is read. */
function newBytes (length: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer as ArrayBuffer)
}
