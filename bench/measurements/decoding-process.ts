import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { readConfig } from '../../src/config.js'
import { inputSpec } from '../../src/model/model.js'
import { openModel } from '../../src/sources/open.js'
import { configureDecoding, createDecoder, jpegDecoder, MemoryTurns } from '../../src/preprocess/index.js'

/*
 * Decodes and does nothing else, so that the CPU time of the process is that of decoding. The arguments are what MODEL names, whose input
 * decides how far a photo is reduced, the number of passes over the files that are counted, and the files. Prints CPU milliseconds an
 * image by what decodes.
 */

const [model, passes = '1', ...paths] = process.argv.slice(2)

configureDecoding({ threads: 1 })
const config = readConfig({ MODEL: model })
const { input } = await openModel(config)
const spec = inputSpec(input)
const decoder = createDecoder({
  concurrency: 1, input: spec, limits: config, memory: new MemoryTurns(config.maxDecodeBytes), timeoutMs: config.decodeTimeoutMs
})
const files = await Promise.all(paths.map(async (path) => await readFile(path)))
const figures = {
  [`ours (${jpegDecoder()})`]: await measure((file) => decoder.decode(file)),
  'sharp alone': await measure(bySharp)
}
process.stdout.write(JSON.stringify({ size: spec.size, figures }))

/** The header first, as whoever limits pixels needs it, then the same pixels as ours. */
async function bySharp (file: Uint8Array): Promise<unknown> {
  const picture = sharp(file)
  await picture.metadata()
  const resized = picture.resize({ width: spec.size, height: spec.size, fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
  return await resized.flatten({ background: 'white' }).autoOrient().raw().toBuffer()
}

async function measure (decode: (file: Uint8Array) => Promise<unknown>): Promise<number> {
  for (const file of files) await decode(file)
  const before = process.cpuUsage()
  for (let pass = 0; pass < Number(passes); pass++) {
    for (const file of files) await decode(file)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / Number(passes) / files.length
}
