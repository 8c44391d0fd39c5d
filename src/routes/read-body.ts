import type { IncomingMessage, ServerResponse } from 'node:http'
import { receive, type ReceiveOptions } from './body.js'
import type { ContentEncoding } from './content-encodings.js'
import { InflatingReader } from './inflating-reader.js'
import type { BodyReader } from '../intake/limits.js'

/**
 * What a reader makes of a body, whose encodings are undone as it comes: what each makes of it is bounded and counted as if it
 * had arrived so. Rejects as `receive`, and with a ServiceError `malformed_body` for a body that is not encoded so.
 */
export async function readBody<T> (
  request: IncomingMessage, reply: ServerResponse, options: ReceiveOptions, encodings: readonly ContentEncoding[], reader: BodyReader<T>
): Promise<T> {
  const { maxBytes, tooLarge, claim } = options
  let outermost = reader
  const stages: Array<InflatingReader<T>> = []
  try {
    for (const encoding of encodings) {
      let bytes = 0
      claim.receive(encoding.windowBytes)
      const stage = new InflatingReader(encoding, outermost, (length) => {
        bytes += length
        if (bytes > maxBytes) throw tooLarge()
        claim.receive(length)
      })
      stages.push(stage)
      outermost = stage
    }
    await receive(request, reply, options, (piece) => { outermost.push(piece) })
    return await outermost.end()
  } finally {
    for (const stage of stages) stage.close()
  }
}
