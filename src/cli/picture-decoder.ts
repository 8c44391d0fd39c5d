import type { Config } from '../config.js'
import type { InputSpec } from '../model/input.js'
import { createDecoder, MemoryTurns, type Decoder } from '../preprocess/index.js'

/** Decodes what the engine does not get as files: surveys, thumbnails, variants, and pictures to choose ranges by. */
export function pictureDecoder (config: Config, input: InputSpec): Decoder {
  return createDecoder({
    concurrency: config.decodeConcurrency,
    input,
    limits: config,
    memory: new MemoryTurns(config.maxDecodeBytes),
    timeoutMs: config.decodeTimeoutMs
  })
}
