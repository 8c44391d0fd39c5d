import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { tempFolder } from '../../support/temp-folder.js'

/** The small Keras files of the repository; compiled tests run from dist/. */
const FOLDER = fileURLToPath(new URL('../../../../test/fixtures/keras/', import.meta.url))

export interface Fixture {
  readonly file: string
  readonly note: string
  readonly inputSize: number
  /** 1 is grey; RGB where it is left out. */
  readonly channels?: 1 | 3
  /** File of the pictures, RGB. */
  readonly inputs: string
  /** `-1..1` where Keras was given scaled pixels, `none` where the model scales them. */
  readonly scale: string
  /** Keras's probabilities, one row a picture. */
  readonly outputs: readonly number[][]
}

const unpacked = unpack()

/** The path of a file of the fixtures, unpacked until the tests end. */
export function fixture (file: string): string {
  return join(unpacked, file)
}

export const fixtures = manifest('manifest.json')
/** Models of other families than Xception. */
export const familyFixtures = manifest('family.json')

function manifest (name: string): readonly Fixture[] {
  return JSON.parse(readFileSync(fixture(name), 'utf8')) as Fixture[]
}

/** The pictures of a fixture as its network takes them. */
export function pixelsOf ({ inputs, channels = 3 }: Fixture): Uint8Array {
  const rgb = readFileSync(fixture(inputs))
  return channels === 3 ? rgb : rgb.filter((_, index) => index % 3 === 0)
}

/** Keras's probabilities, one after the other. One unit becomes two labels, the second of which is the unit's. */
export function expectedOf ({ outputs }: Fixture): number[] {
  return outputs.flatMap((row) => row.length === 1 ? row.flatMap((value) => [1 - value, value]) : row)
}

function unpack (): string {
  const folder = tempFolder()
  for (const name of readdirSync(FOLDER)) {
    const bytes = readFileSync(FOLDER + name)
    const isPacked = name.endsWith('.gz')
    writeFileSync(join(folder, isPacked ? name.slice(0, -'.gz'.length) : name), isPacked ? gunzipSync(bytes) : bytes)
  }
  return folder
}
