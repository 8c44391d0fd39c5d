/*
 * How the service and a process of the engine talk over their pipe: in frames, each a preamble of three little-endian 32-bit
 * numbers (the mark, and the lengths of what follows in bytes), a head in JSON, and a body of bytes that nobody copies or
 * parses. A TensorFlow that writes where it should not is noticed by the mark.
 */

const MARK = 0x58434550
const PREAMBLE_BYTES = 12
/** The head is filled up with spaces to a multiple of it, so that what follows can be seen as numbers of any size. */
const ALIGNMENT_BYTES = 8
const MAX_HEAD_BYTES = 2 ** 20
const MAX_BODY_BYTES = 2 ** 31 - 1

export interface Frame {
  /** Parsed JSON, whatever it is. */
  readonly head: unknown
  /** Begins in its buffer where numbers of any size can. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** The bytes of one frame in order; those of the body are the parts themselves. */
export function frameParts (head: unknown, body: ReadonlyArray<Uint8Array | Float32Array>): Uint8Array[] {
  const parts = body.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))
  const json = JSON.stringify(head)
  const jsonBytes = Buffer.byteLength(json)
  const headBytes = Math.ceil(jsonBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
  const beginning = Buffer.alloc(PREAMBLE_BYTES + headBytes, ' ')
  beginning.writeUInt32LE(MARK, 0)
  beginning.writeUInt32LE(headBytes, 4)
  beginning.writeUInt32LE(parts.reduce((sum, { length }) => sum + length, 0), 8)
  beginning.write(json, PREAMBLE_BYTES)
  return [beginning, ...parts]
}

/**
 * Puts frames together from bytes as they come. Whoever has bytes puts them into `space`, as many as it has or as fit, and
 * says with `filled` how many they were.
 */
export class FrameReader {
  private readonly preamble = newBytes(PREAMBLE_BYTES)
  private buffer = this.preamble
  private at = 0
  private headBytes = 0

  /** `memory` gives what a frame of so many bytes is put into, from byte 0 on; new memory for each where it is left out. */
  constructor (private readonly memory: (bytes: number) => Uint8Array<ArrayBuffer> = newBytes) {}

  /** Where the next bytes go; never empty. */
  get space (): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(this.at)
  }

  /** Gives the frame that these bytes end. Throws an Error if they belong to none. */
  filled (bytes: number): Frame | undefined {
    this.at += bytes
    if (this.at < this.buffer.length) return undefined
    this.at = 0
    if (this.buffer === this.preamble) {
      const [headBytes, bodyBytes] = lengthsOf(this.preamble)
      this.headBytes = headBytes
      this.buffer = this.memory(headBytes + bodyBytes)
      return undefined
    }
    const { buffer, headBytes } = this
    this.buffer = this.preamble
    return { head: JSON.parse(textOf(buffer.subarray(0, headBytes))), body: buffer.subarray(headBytes) }
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

function textOf ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString()
}

function lengthsOf (preamble: Uint8Array<ArrayBuffer>): readonly [headBytes: number, bodyBytes: number] {
  const view = new DataView(preamble.buffer)
  const [mark, headBytes, bodyBytes] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number]
  const isAligned = headBytes % ALIGNMENT_BYTES === 0
  if (mark !== MARK || headBytes === 0 || headBytes > MAX_HEAD_BYTES || !isAligned || bodyBytes > MAX_BODY_BYTES) {
    throw new Error('bytes that are no frame')
  }
  return [headBytes, bodyBytes]
}

/** Not zeroed: all of it will be written before it is read. */
function newBytes (length: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer as ArrayBuffer)
}
