import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { assertClose, floats } from '../sources/keras/answers.js'
import { classifyPixels, inClassOrder } from '../support/answers.js'
import { servingApp } from '../support/app.js'

/** What scripts/keras-fixtures/full-size.sh says of a file that it wrote. */
interface FullSizeCase {
  readonly file: string
  readonly inputSize: number
  /** File of the pictures, RGB bytes. */
  readonly inputs: string
  /** File of Keras's probabilities. */
  readonly outputs: string
}

const folder = process.env.KERAS_FULL_SIZE

// They take minutes, and files that are made for them: npm run test:keras-full-size.
if (folder !== undefined) {
  const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: FullSizeCase[] }
  suite("Keras's own networks at full size answer as Keras does", () => {
    for (const { file, inputSize, inputs, outputs } of cases) {
      test(file, async () => {
        await servingApp({ MODEL: join(folder, file) }, async ({ url }) => {
          const found = await classifyPixels(url, readFileSync(join(folder, inputs)), inputSize)
          assertClose(found.flatMap(inClassOrder), floats(readFileSync(join(folder, outputs))))
        })
      })
    }
  })
}
