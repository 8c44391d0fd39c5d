import type { ServiceError } from '../../base/errors.js'
import { noBase64, tooLarge } from '../../base/sentences.js'
import type { ImageFile } from '../../service/inference.js'
import { Base64Decoder } from '../../intake/base64.js'
import { Bytes } from '../../intake/bytes.js'
import { isPlainText } from './beginnings.js'

/** Takes the content of a part in pieces and makes a picture of it, an error that stands for one, or nothing. */
export interface Sink {
  push (bytes: Buffer): void
  finish (): ImageFile | undefined
}

/** A file as it is. */
export class FileSink implements Sink {
  private readonly bytes = new Bytes()
  private isTooLarge = false

  constructor (private readonly maxBytes: number) {}

  push (bytes: Buffer): void {
    this.isTooLarge ||= this.bytes.length + bytes.length > this.maxBytes
    if (!this.isTooLarge) this.bytes.append(bytes)
  }

  finish (): ImageFile {
    return this.isTooLarge ? tooLarge(this.maxBytes) : this.bytes.finish()
  }
}

/** A file in base64 or as a data URL. What may be text beside the pictures is passed over if it is. */
export class Base64Sink implements Sink {
  private readonly decoder

  constructor (private readonly maxBytes: number, private readonly mayBeText: boolean) {
    this.decoder = new Base64Decoder(maxBytes)
  }

  push (bytes: Buffer): void {
    this.decoder.push(bytes, 0, bytes.length)
  }

  finish (): ImageFile | undefined {
    const file = this.decoder.finish()
    if (this.decoder.tooLarge) return tooLarge(this.maxBytes)
    if (this.mayBeText && (file === undefined || isPlainText(file))) return undefined
    return file ?? noBase64('A part of the form')
  }
}

/** What cannot be read, whatever it is. */
export class Refused implements Sink {
  constructor (private readonly reason: ServiceError) {}

  push (): void {}

  finish (): ServiceError {
    return this.reason
  }
}

export const PASSED_OVER: Sink = { push: () => {}, finish: () => undefined }
