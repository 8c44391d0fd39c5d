import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import type { Random } from '../../src/base/random.js'

/** Key of the one client that has one. */
export const KEY = 'soak'

export interface Photos {
  /** A kilobyte or two. */
  readonly small: Buffer
  readonly medium: Buffer
  /** Hundreds of kilobytes. */
  readonly large: Buffer
}

export async function makePhotos (random: Random): Promise<Photos> {
  const noise = (side: number): Promise<Buffer> => {
    const pixels = Buffer.from(Array.from({ length: side * side * 3 }, () => random.below(256)))
    return sharp(pixels, { raw: { width: side, height: side, channels: 3 } }).jpeg().toBuffer()
  }
  const medium = readFileSync(new URL('../../../docs/cat.jpg', import.meta.url))
  return { small: await noise(32), medium, large: await noise(800) }
}

/** A request's head, without what says how long its body is. */
export function head (headers: readonly string[], { method = 'POST', path = '/classify' } = {}): Buffer {
  return Buffer.from([`${method} ${path} HTTP/1.1`, 'host: soak', `x-api-key: ${KEY}`, ...headers, '', ''].join('\r\n'))
}

/** A request whose length is stated. */
export function sized (type: string, body: Buffer, headers: readonly string[] = []): Buffer {
  return Buffer.concat([head([`content-type: ${type}`, `content-length: ${body.length}`, ...headers]), body])
}

/** A request in chunks of about so many bytes. */
export function chunked (type: string, body: Buffer, bytes: number): Buffer {
  const pieces = [head([`content-type: ${type}`, 'transfer-encoding: chunked'])]
  for (let start = 0; start < body.length; start += bytes) {
    const piece = body.subarray(start, start + bytes)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

export const FORM_TYPE = 'multipart/form-data; boundary=soak'

export function form (files: readonly Buffer[]): Buffer {
  const start = Buffer.from('--soak\r\ncontent-disposition: form-data; name="image"; filename="image"\r\n\r\n')
  return Buffer.concat([...files.flatMap((file) => [start, file, Buffer.from('\r\n')]), Buffer.from('--soak--\r\n')])
}

export function json (files: readonly Buffer[]): Buffer {
  return Buffer.from(JSON.stringify({ images: files.map((file) => file.toString('base64')) }))
}

/** The same with some bytes changed. */
export function mutated (file: Buffer, random: Random): Buffer {
  const copy = Buffer.from(file)
  for (let change = 0; change < 8; change++) copy[random.below(copy.length)] = random.below(256)
  return copy
}
