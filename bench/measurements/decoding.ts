import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import sharp from 'sharp'
import type { Table } from '../../verify/table.js'
import { makeLargePhoto, makePhotos } from '../http/photos.js'
import { inFolder, servedModel, weightsOf } from '../network/served.js'
import { whyNoModules } from '../python/packages.js'
import { PythonProcess } from '../python/process.js'
import { spread, summarize, type Summary } from '../report/summary.js'

const CHILD = fileURLToPath(new URL('./decoding-process.js', import.meta.url))
const PYTHON_CHILD = 'bench/python/decode.py'
/** Passes over sixteen photos, and over a large one. */
const PASSES = 10
const LARGE_PASSES = 3
/** What the others are divided by. */
const LIBJPEG = 'libjpeg-turbo alone'

/** CPU milliseconds an image by what decodes. */
type Round = Readonly<Record<string, number>>

interface Photos {
  readonly files: readonly string[]
  readonly width: number
  readonly height: number
  /** Mean size of the JPEG files. */
  readonly bytes: number
  readonly passes: number
}

/** What one of them takes for a photo, one at a time, one thread. */
export interface DecodingFigure extends Pick<Photos, 'width' | 'height' | 'bytes'> {
  readonly decoder: string
  readonly cpuMs: Summary
  /** In shares of what libjpeg-turbo took in the same round for all pixels of the photo; undefined where Python has none. */
  readonly ratio?: Summary
}

export interface DecodingResult {
  readonly weights: 'random' | 'real'
  readonly rounds: number
  readonly figures: readonly DecodingFigure[]
}

/** Decoding by the service and by others in turn, in processes of their own: of the usual photos, then of a large one. */
export async function benchDecoding ({ rounds, model }: { rounds: number, model: string | undefined }): Promise<DecodingResult> {
  return await inFolder(async (folder) => {
    const served = await servedModel(model, folder)
    const small = await store(folder, 'small', await makePhotos(), PASSES)
    const large = await store(folder, 'large', [await makeLargePhoto()], LARGE_PASSES)
    const figures = [...await measure(served, small, rounds), ...await measure(served, large, rounds)]
    return { weights: weightsOf(model), rounds, figures }
  })
}

/** CPU milliseconds that the service takes to decode one of the usual photos. */
export async function decodingTime (model: string): Promise<number> {
  return await inFolder(async (folder) => {
    const { figures } = await decode(model, await store(folder, 'small', await makePhotos(), PASSES))
    return Object.values(figures)[0] ?? NaN
  })
}

async function store (folder: string, name: string, photos: readonly Buffer[], passes: number): Promise<Photos> {
  const files = photos.map((_, index) => join(folder, `${name}-${index}.jpg`))
  await Promise.all(photos.map(async (photo, index) => { await writeFile(files[index] ?? '', photo) }))
  const { width, height } = await sharp(photos[0]).metadata()
  const bytes = Math.round(photos.reduce((sum, { length }) => sum + length, 0) / photos.length)
  return { files, width, height, bytes, passes }
}

async function decode (model: string, { files, passes }: Photos): Promise<{ size: number, figures: Round }> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, model, String(passes), ...files])
  return JSON.parse(stdout) as { size: number, figures: Round }
}

async function measure (model: string, photos: Photos, count: number): Promise<DecodingFigure[]> {
  const missing = whyNoModules(['cv2', 'simplejpeg'])
  if (missing !== undefined) console.log(`Left out: libjpeg alone and OpenCV, since ${missing}.`)
  const python = missing === undefined ? PythonProcess.start(PYTHON_CHILD) : undefined
  const rounds: Round[] = []
  for (let round = 0; round < count; round++) {
    const { size, figures } = await decode(model, photos)
    const others = await python?.ask({ files: photos.files, passes: photos.passes, size }) as Round | undefined
    rounds.push({ ...figures, ...others })
  }
  await python?.stop()
  return Object.keys(rounds[0] ?? {}).map((decoder) => figureOf(decoder, rounds, photos))
}

function figureOf (decoder: string, rounds: readonly Round[], { width, height, bytes }: Photos): DecodingFigure {
  const of = (round: Round, name: string): number => round[Object.keys(round).find((key) => key.startsWith(name)) ?? ''] ?? NaN
  const ratios = rounds.map((round) => of(round, decoder) / of(round, LIBJPEG)).filter((ratio) => !Number.isNaN(ratio))
  const cpuMs = summarize(rounds.map((round) => of(round, decoder)))
  return { decoder, width, height, bytes, cpuMs, ...ratios.length > 0 && { ratio: summarize(ratios) } }
}

export function decodingTable ({ figures }: Pick<DecodingResult, 'figures'>): Table {
  return {
    header: ['JPEG', 'kB', 'decoder', 'CPU ms an image', 'libjpeg-turbo alone = 1'],
    rows: figures.map(({ width, height, bytes, decoder, cpuMs, ratio }) => [
      `${width}x${height}`, (bytes / 1000).toFixed(0), decoder, spread(cpuMs, 2), ratio === undefined ? '' : spread(ratio, 2)
    ])
  }
}
