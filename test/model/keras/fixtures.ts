import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

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

export function fixture (file: string): string {
  return FOLDER + file
}

export const fixtures = JSON.parse(readFileSync(fixture('manifest.json'), 'utf8')) as readonly Fixture[]
