import { Random } from '../../src/base/random.js'
import { emit } from '../../src/compiler/emit.js'
import type { Precision, SavedModel } from '../../src/compiler/index.js'
import { placeholders } from '../../src/compiler/lower/ends.js'
import { OUTPUTS } from '../../src/compiler/signature.js'
import { StepList } from '../../src/compiler/steps.js'
import type { BenchModel } from '../network/model.js'
import type { BenchEngine, EngineOptions } from './engine.js'
import { startGraph } from './saved-model.js'

/** Large enough for TensorFlow's kernels to be at their best, small enough for the caches. */
const SIDE = 1024
const PRODUCTS = 16

/** Floating-point operations of one run, an addition and a multiplication counted as two. */
export const MATRIX_PRODUCTS_OPERATIONS = PRODUCTS * 2 * SIDE ** 3

/** Products of square matrices one after the other and nothing else, in the service's own engine: what could be reached at best. */
export async function startMatrixProducts (_model: BenchModel, { threads, precision }: EngineOptions): Promise<BenchEngine> {
  if (precision === 'int8') throw new Error('TensorFlow has no matrix products in int8 to compare with')
  const { engine, version } = await startGraph(matrixProducts(precision), SIDE ** 2, threads)
  return {
    version,
    prepare: () => {
      const matrix = new Uint8Array(SIDE ** 2).fill(1)
      return async () => (await engine.run([matrix])).probabilities
    },
    close: () => engine.close()
  }
}

/** A graph that reads a matrix of bytes and gives the mean of its product with one constant matrix, again and again. */
function matrixProducts (precision: Precision): SavedModel {
  const steps = new StepList()
  const random = new Random(1)
  const inputs = placeholders([SIDE, SIDE, 1], steps)
  // Such a matrix keeps the size of what it is multiplied with.
  const values = Float32Array.from({ length: SIDE ** 2 }, () => random.normal() / Math.sqrt(SIDE))
  const factor = steps.numbers('factor', precision, [SIDE, SIDE], values)
  const bytes = steps.add('bytes', 'uint8', [inputs.images.step], { op: 'DecodeRaw' })
  let product = steps.cast('matrix', steps.reshape('square', bytes, 'uint8', [SIDE, SIDE]), 'uint8', precision)
  for (let count = 0; count < PRODUCTS; count++) product = steps.add('product', precision, [product, factor], { op: 'MatMul' })
  const output = steps.cast('float', steps.reshape('spatial', product, precision, [1, SIDE, SIDE, 1]), precision, 'float32')
  const mean = steps.reduceSpatial('mean', 'Mean', output, 'float32')
  const outputs = { [OUTPUTS.probabilities]: { step: mean, type: 'float32', shape: [-1, 1] } } as const
  return { graph: emit({ steps: steps.steps, inputs, outputs }), weights: [] }
}
