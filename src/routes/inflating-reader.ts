import { finished } from 'node:stream/promises'
import { notInflated } from '../base/sentences.js'
import type { ContentEncoding, Inflater } from './content-encodings.js'
import type { BodyReader } from '../intake/limits.js'

/** Behind data that is whole, nothing takes it. */
const ONE_MORE = Buffer.alloc(1)

interface Started {
  readonly inflater: Inflater
  readonly over: Promise<void>
}

/** Hands another reader what a compressed body holds, as it comes; nothing of it is kept. */
export class InflatingReader<T> implements BodyReader<T> {
  private started: Started | undefined
  /** The newest chunk, which waits for its successor where Node does not check the end, and the length of all. */
  private last: Buffer = Buffer.alloc(0)
  private length = 0
  private failure: Error | undefined

  /** `count` is told how many bytes come out before they are read, and throws if they are too many. */
  constructor (
    private readonly encoding: ContentEncoding, private readonly reader: BodyReader<T>, private readonly count: (bytes: number) => void
  ) {}

  get found (): number {
    return this.reader.found
  }

  push (chunk: Buffer): void {
    this.check()
    const { inflater } = this.start(chunk[0])
    const ready = this.encoding.isSilent === true ? this.last : chunk
    if (ready.length > 0) inflater.write(ready)
    this.last = chunk
    this.length += chunk.length
  }

  async end (): Promise<T> {
    this.check()
    const { inflater, over } = this.start(undefined)
    const { isSilent = false } = this.encoding
    if (isSilent) inflater.write(Buffer.concat([this.last, ONE_MORE]))
    inflater.end()
    await over
    this.check()
    if (isSilent && inflater.bytesWritten !== this.length) throw notInflated('its end is missing or has something behind it')
    return await this.reader.end()
  }

  close (): void {
    this.started?.inflater.destroy()
  }

  private start (first: number | undefined): Started {
    if (this.started !== undefined) return this.started
    const inflater = this.encoding.inflater(first)
    inflater.on('data', (piece: Buffer) => { this.take(piece) })
    const over = finished(inflater).catch((cause: Error) => {
      this.failure ??= notInflated(cause.message, cause)
    })
    this.started = { inflater, over }
    return this.started
  }

  private take (piece: Buffer): void {
    if (this.failure !== undefined) return
    try {
      this.count(piece.length)
      this.reader.push(piece)
    } catch (error) {
      this.failure = error as Error
      this.close()
    }
  }

  private check (): void {
    if (this.failure !== undefined) throw this.failure
  }
}
