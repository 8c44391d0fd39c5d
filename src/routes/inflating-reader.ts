import { finished } from 'node:stream/promises'
import { createGunzip, createInflate } from 'node:zlib'
import { ServiceError } from '../base/errors.js'
import type { BodyReader } from './limits.js'

const INFLATERS = { gzip: createGunzip, deflate: createInflate } as const
export type ContentEncoding = keyof typeof INFLATERS

/** The encoding that the header names; undefined for none. Throws a ServiceError `unsupported_content_encoding`. */
export function contentEncoding (header: string | undefined): ContentEncoding | undefined {
  const name = header?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return undefined
  if (name === 'gzip' || name === 'deflate') return name
  throw new ServiceError('unsupported_content_encoding', 'Send the body as it is, or with one content encoding, gzip or deflate.')
}

/** Hands another reader what a compressed body holds, as it comes; nothing of it is kept. */
export class InflatingReader<T> implements BodyReader<T> {
  private readonly inflater
  private readonly over: Promise<void>
  private failure: Error | undefined

  /** `count` is told how many bytes come out before they are read, and throws if they are too many. */
  constructor (encoding: ContentEncoding, private readonly reader: BodyReader<T>, private readonly count: (bytes: number) => void) {
    this.inflater = INFLATERS[encoding]()
    this.inflater.on('data', (piece: Buffer) => { this.take(piece) })
    this.over = finished(this.inflater).catch((cause: Error) => {
      this.failure ??= new ServiceError('malformed_body', `The body cannot be decompressed: ${cause.message}.`, { cause })
    })
  }

  get found (): number {
    return this.reader.found
  }

  push (chunk: Buffer): void {
    this.check()
    this.inflater.write(chunk)
  }

  async end (): Promise<T> {
    this.check()
    this.inflater.end()
    await this.over
    this.check()
    return await this.reader.end()
  }

  close (): void {
    this.inflater.destroy()
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
