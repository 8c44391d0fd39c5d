import { performance } from 'node:perf_hooks'
import sharp from 'sharp'
import { readConfig } from '../../src/config.js'
import { inputSpec } from '../../src/model/model.js'
import { openModel } from '../../src/sources/open.js'
import { configureDecoding, createDecoder, MemoryTurns, type Decoder } from '../../src/preprocess/index.js'
import { makeLargePhoto, makePhotos } from '../http/photos.js'

/*
 * Decodes and does nothing else, so that the CPU time of the process is that of decoding. Prints a JSON array.
 * The argument is what MODEL names: its input decides how far a photo is reduced.
 */

/** Passes over the photos that are counted; one more comes first, for the caches. */
const PASSES = 10

/** What decoding one photo takes. */
export interface DecodingFigure {
  readonly width: number
  readonly height: number
  /** Mean size of the JPEG files. */
  readonly bytes: number
  readonly cpuMs: number
  readonly wallMs: number
}

configureDecoding({ threads: 1 })
const config = readConfig({ MODEL: process.argv[2] })
const { input } = await openModel(config)
const serviceDecoder = createDecoder({
  concurrency: 1, input: inputSpec(input), limits: config, memory: new MemoryTurns(config.maxDecodeBytes), timeoutMs: config.decodeTimeoutMs
})
const figures = [await measure(serviceDecoder, await makePhotos()), await measure(serviceDecoder, [await makeLargePhoto()])]
process.stdout.write(JSON.stringify(figures))

async function measure (decoder: Decoder, photos: readonly Buffer[]): Promise<DecodingFigure> {
  await decodeAll(decoder, photos)
  const [cpuBefore, startedAt] = [process.cpuUsage(), performance.now()]
  for (let pass = 0; pass < PASSES; pass++) await decodeAll(decoder, photos)
  const [cpu, wallMs] = [process.cpuUsage(cpuBefore), performance.now() - startedAt]
  const { width, height } = await sharp(photos[0]).metadata()
  const images = PASSES * photos.length
  return {
    width,
    height,
    bytes: Math.round(photos.reduce((sum, { length }) => sum + length, 0) / photos.length),
    cpuMs: (cpu.user + cpu.system) / 1000 / images,
    wallMs: wallMs / images
  }
}

async function decodeAll (decoder: Decoder, photos: readonly Buffer[]): Promise<void> {
  for (const photo of photos) await decoder.decode(photo)
}
