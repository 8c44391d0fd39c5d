const HEAD_END = Buffer.from('\r\n\r\n')
const STATUS = /^HTTP\/1\.1 (\d{3}) /

/** Reads the answers of a connection in the forms that the service gives them: with a content-length, or in chunks (RFC 9112). */
export class AnswerReader {
  readonly statuses: number[] = []
  private bytes = Buffer.alloc(0)

  /** Throws an Error at what is no answer. */
  push (piece: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, piece])
    for (let length = this.next(); length !== undefined; length = this.next()) this.bytes = this.bytes.subarray(length)
  }

  /** Bytes of the first answer, once all of it is there. */
  private next (): number | undefined {
    const headEnd = this.bytes.indexOf(HEAD_END)
    if (headEnd < 0) return undefined
    const head = this.bytes.toString('latin1', 0, headEnd)
    const status = Number(STATUS.exec(head)?.[1])
    if (Number.isNaN(status)) throw new Error(`not an answer: ${head.slice(0, 200)}`)
    const bodyStart = headEnd + HEAD_END.length
    const isChunked = /^transfer-encoding: chunked$/im.test(head)
    const end = isChunked ? endOfChunks(this.bytes, bodyStart) : bodyStart + Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
    if (end === undefined || this.bytes.length < end) return undefined
    // 100 Continue comes before the answer.
    if (status >= 200) this.statuses.push(status)
    return end
  }
}

/** Where a body in chunks without trailers ends; undefined until that can be told. */
function endOfChunks (bytes: Buffer, start: number): number | undefined {
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('not a chunk of an answer')
    at = lineEnd + 2 + size + 2
    if (size === 0) return at
  }
}

/** The statuses in all that a connection sent, where nobody can say which answers have bodies. */
export function statusesIn (bytes: Buffer): number[] {
  const found = [...bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  return found.filter((status) => status >= 200)
}
