import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/** The small Keras files of the repository; compiled tests run from dist/. */
const FOLDER = fileURLToPath(new URL('../../../../test/fixtures/keras/', import.meta.url))

export interface Fixture {
  readonly file: string
  readonly note: string
  readonly inputSize: number
  /** File of the pictures. */
  readonly inputs: string
  /** `-1..1` where Keras was given scaled pixels, `none` where the model scales them. */
  readonly scale: string
  /** Keras's probabilities, one row a picture. */
  readonly outputs: readonly number[][]
}

const unpacked = unpack()

/** The path of a file of the fixtures, unpacked until the process ends. */
export function fixture (file: string): string {
  return join(unpacked, file)
}

export const fixtures = JSON.parse(readFileSync(fixture('manifest.json'), 'utf8')) as readonly Fixture[]

function unpack (): string {
  const folder = mkdtempSync(join(tmpdir(), 'xception-fixtures-'))
  process.on('exit', () => { rmSync(folder, { recursive: true }) })
  for (const name of readdirSync(FOLDER)) {
    const bytes = readFileSync(FOLDER + name)
    const isPacked = name.endsWith('.gz')
    writeFileSync(join(folder, isPacked ? name.slice(0, -'.gz'.length) : name), isPacked ? gunzipSync(bytes) : bytes)
  }
  return folder
}
