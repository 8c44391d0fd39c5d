/*
 * How the service and a process of the engine talk over their pipe: in frames, each a preamble of three little-endian 32-bit
 * numbers (the mark, and the lengths of what follows in bytes), a head in JSON, and a body of bytes that nobody copies or
 * parses. A TensorFlow that writes where it should not is noticed by the mark.
 */

const MARK = 0x58434550
const PREAMBLE_BYTES = 12
const MAX_HEAD_BYTES = 2 ** 20
const MAX_BODY_BYTES = 2 ** 31 - 1

export interface Frame {
  /** Parsed JSON, whatever it is. */
  readonly head: unknown
  /** Of its own memory from byte 0 on, so that it can be seen as numbers of any size. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** The bytes of one frame in order; those of the body are the parts themselves. */
export function frameParts (head: unknown, body: ReadonlyArray<Uint8Array | Float32Array>): Uint8Array[] {
  const parts = body.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))
  const json = Buffer.from(JSON.stringify(head))
  const preamble = Buffer.alloc(PREAMBLE_BYTES)
  preamble.writeUInt32LE(MARK, 0)
  preamble.writeUInt32LE(json.length, 4)
  preamble.writeUInt32LE(parts.reduce((sum, { length }) => sum + length, 0), 8)
  return [Buffer.concat([preamble, json]), ...parts]
}

/**
 * Puts frames together from bytes as they come. Whoever has bytes puts them into `space`, as many as it has or as fit, and
 * says with `filled` how many they were.
 */
export class FrameReader {
  private part: 'preamble' | 'head' | 'body' = 'preamble'
  private buffer = newBytes(PREAMBLE_BYTES)
  private at = 0
  private bodyBytes = 0
  private head: unknown

  /** Where the next bytes go; never empty. */
  get space (): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(this.at)
  }

  /** Gives the frame that these bytes end. Throws an Error if they belong to none. */
  filled (bytes: number): Frame | undefined {
    this.at += bytes
    if (this.at < this.buffer.length) return undefined
    switch (this.part) {
      case 'preamble': {
        const [headBytes, bodyBytes] = lengthsOf(this.buffer)
        this.bodyBytes = bodyBytes
        this.expect('head', headBytes)
        return undefined
      }
      case 'head': {
        this.head = JSON.parse(Buffer.from(this.buffer.buffer).toString())
        this.expect('body', this.bodyBytes)
        return this.bodyBytes === 0 ? this.end() : undefined
      }
      case 'body': return this.end()
    }
  }

  private end (): Frame {
    const frame = { head: this.head, body: this.buffer }
    this.expect('preamble', PREAMBLE_BYTES)
    return frame
  }

  private expect (part: typeof this.part, bytes: number): void {
    this.part = part
    this.buffer = newBytes(bytes)
    this.at = 0
  }
}

function lengthsOf (preamble: Uint8Array<ArrayBuffer>): readonly [headBytes: number, bodyBytes: number] {
  const view = new DataView(preamble.buffer)
  const [mark, headBytes, bodyBytes] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number]
  if (mark !== MARK || headBytes === 0 || headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES) {
    throw new Error('bytes that are no frame')
  }
  return [headBytes, bodyBytes]
}

/** Not zeroed: all of it will be written before it is read. */
function newBytes (length: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer as ArrayBuffer)
}
