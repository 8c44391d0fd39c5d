import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { OperatorError } from '../../src/base/errors.js'
import { compile } from '../../src/compiler/index.js'
import { readConfig } from '../../src/config.js'
import { inputSpec, type Model } from '../../src/model/model.js'
import { inputShape } from '../../src/model/shapes.js'
import { convert, inspect } from '../../src/preprocess/pixels.js'
import { openModel } from '../../src/sources/open.js'
import { loadCompiled } from '../support/compiled-network.js'
import { shared, withoutShared } from '../support/shared.js'

/*
 * Model files as people have them, opened as MODEL opens them, compiled, and run in this process on pictures of their own, against what
 * the framework that wrote them gives.
 */

/** An entry of `../shared/cases/models/cases.json`. */
interface Case {
  readonly file: string
  /** Folder of the pictures, a row of the probabilities each, in the order of their names. */
  readonly pictures: string
  /** Environment variables. */
  readonly settings: Readonly<Record<string, string>>
  readonly want: 'equal' | 'refused'
  readonly note: string
  readonly probabilities?: ReadonlyArray<readonly number[]>
}

const TOLERANCE = 2e-5
/** Tolerance where a framework computes in half precision what is computed here in single. */
const HALF_PRECISION_TOLERANCE = 0.02

const path = (name: string): string => shared(`cases/models/${name}`)
const cases = withoutShared === false ? JSON.parse(readFileSync(path('cases.json'), 'utf8')) as Record<string, Case> : {}

/** The largest difference from the probabilities that are right. */
async function differenceOf (model: Model, { pictures, probabilities = [] }: Case, limits: ReturnType<typeof readConfig>): Promise<number> {
  const { network } = model
  const compiled = await loadCompiled(
    compile({ network, weights: await model.readWeights(), precision: 'float32', ownKernels: false }),
    inputShape(network.input)
  )
  try {
    const images = await Promise.all(readdirSync(path(pictures)).sort().map(async (name) => {
      const upload = readFileSync(join(path(pictures), name))
      return await convert(await inspect(upload, limits), inputSpec(model.input), limits.decodeTimeoutMs)
    }))
    const bytes = images.filter((image) => image instanceof Uint8Array)
    const values = images.filter((image) => image instanceof Float32Array)
    const found = compiled.run({ images: bytes, values }).probabilities
    assert.deepEqual(found?.shape, [probabilities.length, probabilities[0]?.length], 'as many probabilities of as many pictures')
    return Math.max(...probabilities.flat().map((value, index) => Math.abs(value - (found.data[index] ?? NaN))))
  } finally {
    compiled.dispose()
  }
}

async function hold (entry: Case): Promise<void> {
  const config = { ...readConfig(entry.settings), model: path(entry.file) }
  const difference = async (): Promise<number> => await differenceOf(await openModel(config), entry, config)
  if (entry.want === 'refused') return await assert.rejects(difference, OperatorError)
  const tolerance = /float16/.test(entry.note) ? HALF_PRECISION_TOLERANCE : TOLERANCE
  const found = await difference()
  assert.ok(found <= tolerance, `the largest difference is ${found}`)
}

suite('a model file gives what the framework gives that wrote it', { skip: withoutShared, concurrency: 4 }, () => {
  for (const [name, entry] of Object.entries(cases)) {
    test(`${name}: ${entry.note}`, () => hold(entry))
  }
})
