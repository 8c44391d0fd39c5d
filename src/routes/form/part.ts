import { malformedBody, unsupportedPartEncoding } from '../../base/sentences.js'
import type { ImageFile } from '../../service/inference.js'
import { isJson } from '../media-types.js'
import { BEGINNING_BYTES, isPictureInBase64, isPlainText } from './beginnings.js'
import type { PartHead } from './part-head.js'
import { Base64Sink, FileSink, PASSED_OVER, Refused, type Sink } from './sinks.js'

const TEXT_TYPE = /^(?:|text\/.*|application\/(?:.*\+)?xml|application\/x-www-form-urlencoded)$/

/** One part of a form: a picture, or something beside the pictures. */
export class Part {
  /** Undefined until the content says what it is. */
  private sink: Sink | undefined
  private beginning: Buffer = Buffer.alloc(0)
  private isEmpty = true

  constructor (private readonly head: PartHead, private readonly maxBytes: number) {
    this.sink = sinkBy(head, maxBytes)
  }

  push (bytes: Buffer): void {
    this.isEmpty = false
    if (this.sink !== undefined) return this.sink.push(bytes)
    this.beginning = Buffer.concat([this.beginning, bytes])
    if (this.beginning.length >= BEGINNING_BYTES) this.decide()
  }

  /** The picture, or the error that stands for it; undefined for a text, JSON, or a file input that nobody used. */
  end (): ImageFile | undefined {
    const { type, fileName = '' } = this.head
    if (this.isEmpty && fileName === '' && !type.startsWith('image/')) return undefined
    return (this.sink ?? this.decide()).finish()
  }

  private decide (): Sink {
    const { beginning, maxBytes } = this
    this.sink = !isPlainText(beginning)
      ? new FileSink(maxBytes)
      : isPictureInBase64(beginning) ? new Base64Sink(maxBytes, false) : PASSED_OVER
    this.sink.push(beginning)
    this.beginning = Buffer.alloc(0)
    return this.sink
  }
}

/** What to make of a part by its headers; undefined where its content is to say that. */
function sinkBy (head: PartHead, maxBytes: number): Sink | undefined {
  const { type, transferEncoding } = head
  if (type.startsWith('multipart/')) {
    return new Refused(malformedBody(`A part of the form is ${type} itself: send each image as a part of its own`))
  }
  if (transferEncoding === 'base64') return new Base64Sink(maxBytes, mayBeText(head))
  if (mayBeText(head)) return undefined
  if (transferEncoding === undefined) return new FileSink(maxBytes)
  return new Refused(unsupportedPartEncoding(transferEncoding.slice(0, 100)))
}

/** JSON goes with pictures as a file, too: that is how pages' scripts send it. */
function mayBeText ({ type, fileName = '' }: PartHead): boolean {
  return isJson(type) || (fileName === '' && TEXT_TYPE.test(type))
}
