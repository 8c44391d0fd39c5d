import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceError } from '../../base/errors.js'
import type { ByteClaim } from '../../service/admission.js'
import { bytesOfAll, type Upload } from '../../service/inference.js'
import { announcedBytesOf, receive } from '../body.js'
import { contentEncoding, InflatingReader, type ContentEncoding } from '../inflating-reader.js'
import { requestTooLarge, type BodyReader, type UploadLimits } from '../limits.js'
import type { Body } from '../uploads.js'

/**
 * Judges a body of tensors by its headers, whatever type they say; it may come with gzip or deflate. `readerOf` makes what reads
 * it. Throws a ServiceError `unsupported_content_encoding`, or `request_too_large` if it announces more than it may have.
 */
export function openTensorBody<T extends { readonly uploads: readonly Upload[] }> (
  { raw }: FastifyRequest, reply: FastifyReply, limits: UploadLimits, readerOf: (claim: ByteClaim) => BodyReader<T>
): Body<T> {
  const { maxRequestBytes: maxBytes } = limits
  const tooLarge = (): ServiceError => requestTooLarge(maxBytes)
  const announcedBytes = announcedBytesOf(raw.headers)
  const encoding = contentEncoding(raw.headers['content-encoding'])
  if (announcedBytes !== undefined && announcedBytes > maxBytes) throw tooLarge()
  let reader: BodyReader<T> | undefined
  return {
    announcedBytes,
    get found () { return reader?.found ?? 0 },
    read: async (claim, signal) => {
      const readWith = async (reader: BodyReader<T>): Promise<T> => {
        await receive(raw, reply.raw, { maxBytes, tooLarge, claim, signal }, (piece) => { reader.push(piece) })
        return await reader.end()
      }
      reader = readerOf(claim)
      const read = encoding === undefined ? await readWith(reader) : await inflated(reader, encoding, claim, maxBytes, readWith)
      claim.keep(bytesOfAll(read.uploads))
      return read
    }
  }
}

/** What comes out of a compressed body is bounded and counted as if it had arrived so. */
async function inflated<T> (
  reader: BodyReader<T>, encoding: ContentEncoding, claim: ByteClaim, maxBytes: number, readWith: (reader: BodyReader<T>) => Promise<T>
): Promise<T> {
  let bytes = 0
  const inflating = new InflatingReader(encoding, reader, (length) => {
    bytes += length
    if (bytes > maxBytes) throw requestTooLarge(maxBytes)
    claim.receive(length)
  })
  try {
    return await readWith(inflating)
  } finally {
    inflating.close()
  }
}
