import { ServiceError, SystemFailure } from '../base/errors.js'
import type { Config } from '../config.js'
import type { InputSpec } from '../model/input.js'
import { createDecoder, MemoryTurns, type Decoder } from '../preprocess/index.js'

/** So long a command tries a picture again that the system, and not the picture, lets fail. */
export const DECODER_PATIENCE_MS = 30_000

export type PictureDecoder = Pick<Decoder, 'decode' | 'fingerprint' | 'thumbnail'>

/**
 * Decodes what the engine does not get as files: surveys, thumbnails, variants, and pictures to choose ranges by. Throws what a
 * decoder does, and a SystemFailure where the system is to blame.
 */
export function pictureDecoder (config: Config, input: InputSpec): PictureDecoder {
  const decoder = createDecoder({
    concurrency: config.decodeConcurrency,
    input,
    limits: config,
    memory: new MemoryTurns(config.maxDecodeBytes),
    timeoutMs: config.decodeTimeoutMs,
    patienceMs: DECODER_PATIENCE_MS
  })
  return {
    decode: async (upload, signal, client) => await demandSystem(decoder.decode(upload, signal, client)),
    fingerprint: async (upload) => await demandSystem(decoder.fingerprint(upload)),
    thumbnail: async (upload, side) => await demandSystem(decoder.thumbnail(upload, side))
  }
}

async function demandSystem<T> (decoding: Promise<T>): Promise<T> {
  try {
    return await decoding
  } catch (error) {
    throw error instanceof ServiceError && error.code === 'decoder_failed' ? systemFailureOf(error) : error
  }
}

/** The end of a command whose pictures the system does not let be decoded. */
export function systemFailureOf ({ cause }: ServiceError): SystemFailure {
  const reason = (cause as Error).message
  return new SystemFailure(`Pictures cannot be decoded, for a reason of the system (${reason}): run it again later`, { cause })
}
