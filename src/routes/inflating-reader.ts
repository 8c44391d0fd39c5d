import type { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ServiceError } from '../base/errors.js'
import type { ContentEncoding } from './content-encodings.js'
import type { BodyReader } from './limits.js'

/** Hands another reader what a compressed body holds, as it comes; nothing of it is kept. */
export class InflatingReader<T> implements BodyReader<T> {
  private started: { readonly inflater: Transform, readonly over: Promise<void> } | undefined
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
    this.start(chunk[0]).inflater.write(chunk)
  }

  async end (): Promise<T> {
    this.check()
    const { inflater, over } = this.start(undefined)
    inflater.end()
    await over
    this.check()
    return await this.reader.end()
  }

  close (): void {
    this.started?.inflater.destroy()
  }

  private start (first: number | undefined): { readonly inflater: Transform, readonly over: Promise<void> } {
    if (this.started !== undefined) return this.started
    const inflater = this.encoding.inflater(first)
    inflater.on('data', (piece: Buffer) => { this.take(piece) })
    const over = finished(inflater).catch((cause: Error) => {
      this.failure ??= new ServiceError('malformed_body', `The body cannot be decompressed: ${cause.message}.`, { cause })
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
