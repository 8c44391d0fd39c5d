import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceError } from '../../base/errors.js'
import { requestTooLarge } from '../../base/sentences.js'
import type { ByteClaim } from '../../intake/byte-budget.js'
import { bytesOfAll, type Upload } from '../../service/inference.js'
import { announcedBytesOf } from '../body.js'
import { contentEncodings } from '../content-encodings.js'
import type { BodyReader, UploadLimits } from '../../intake/limits.js'
import { readBody } from '../read-body.js'
import type { Body } from '../../intake/admitted.js'

/**
 * Judges a body of tensors by its headers, whatever type they say. `readerOf` makes what reads it. Throws a ServiceError
 * `unsupported_content_encoding`, or `request_too_large` if it announces more than it may have.
 */
export function openTensorBody<T extends { readonly uploads: readonly Upload[] }> (
  { raw }: FastifyRequest, reply: FastifyReply, limits: UploadLimits, readerOf: (claim: ByteClaim) => BodyReader<T>
): Body<T> {
  const { maxRequestBytes: maxBytes } = limits
  const tooLarge = (): ServiceError => requestTooLarge(maxBytes)
  const announcedBytes = announcedBytesOf(raw.headers)
  const encodings = contentEncodings(raw.headers['content-encoding'])
  if (announcedBytes !== undefined && announcedBytes > maxBytes) throw tooLarge()
  let reader: BodyReader<T> | undefined
  return {
    announcedBytes,
    get found () { return reader?.found ?? 0 },
    read: async (claim, signal) => {
      reader = readerOf(claim)
      const read = await readBody(raw, reply.raw, { maxBytes, tooLarge, claim, signal }, encodings, reader)
      claim.keep(bytesOfAll(read.uploads))
      return read
    }
  }
}
