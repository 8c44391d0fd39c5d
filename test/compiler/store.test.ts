import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { emit, type Program } from '../../src/compiler/emit.js'
import type { SavedModel } from '../../src/compiler/index.js'
import { placeholders } from '../../src/compiler/lower/ends.js'
import { WEIGHTS_FILE } from '../../src/compiler/saved-model.js'
import { store } from '../../src/compiler/store.js'
import { StepList } from '../../src/compiler/steps.js'
import { loadCompiled } from '../support/compiled-network.js'

const SIDE = 160
const VALUES = SIDE ** 2 * 3
/** Exact in bfloat16. */
const numbersFrom = (start: number): Float32Array => Float32Array.from({ length: VALUES }, (_, index) => (index + start) % 101)

/** Adds three large tables to an image, a float32, a bfloat16 and an int8, and multiplies it with a matrix and a small table. */
function program (): Program {
  const steps = new StepList()
  const inputs = placeholders([SIDE, SIDE, 3], steps)
  const add = (name: string, left: string, right: string): string => steps.binary(name, 'AddV2', left, right, 'float32')
  const table = steps.numbers('table', 'float32', [SIDE, SIDE, 3], numbersFrom(7))
  const half = steps.cast('whole', steps.numbers('half', 'bfloat16', [VALUES], numbersFrom(11)), 'bfloat16', 'float32')
  const map = add('sum', inputs.values.step, table)
  const integers = steps.add('integers', 'int8', [], { op: 'Const', shape: [VALUES], values: Int8Array.from(numbersFrom(-50)) })
  const whole = add('both', half, steps.cast('integral', integers, 'int8', 'float32'))
  const row = add('more', steps.reshape('row', map, 'float32', [-1, VALUES]), whole)
  const matrix = steps.numbers('matrix', 'float32', [VALUES, 1], numbersFrom(0))
  const product = steps.add('product', 'float32', [row, matrix], { op: 'MatMul' })
  const output = add('stored/path', product, steps.numbers('small', 'float32', [1], Float32Array.of(1)))
  return { steps: steps.steps, inputs, outputs: { probabilities: { step: output, type: 'float32', shape: [-1, 1] } } }
}

suite('large constants beside the graph', () => {
  test('they are what no kernel prepares, and the graph is small without them', () => {
    const { program: stored, weights } = store(program(), WEIGHTS_FILE)
    const constants = stored.steps.filter(({ op, inputs }) => op === 'Const' && inputs.length === 0).map(({ name }) => name)
    assert.deepEqual(['table', 'half', 'integers', 'matrix', 'small'].filter((name) => constants.includes(name)), ['matrix', 'small'])
    assert.equal(weights.reduce((sum, { length }) => sum + length, 0), VALUES * (4 + 2 + 1))
    assert.ok(emit(stored).length < VALUES * 4 + 20_000)
  })

  test('the results are those of a graph that holds everything', async (t) => {
    const whole = program()
    const stored = store(whole, WEIGHTS_FILE)
    const models: SavedModel[] = [{ graph: emit(whole), weights: [] }, { graph: emit(stored.program), weights: stored.weights }]
    const values = [numbersFrom(3), numbersFrom(5)]
    const results = []
    for (const model of models) {
      const network = await loadCompiled(model, [SIDE, 3])
      t.after(() => { network.dispose() })
      results.push([1, 2].map(() => network.run({ values }).probabilities))
    }
    assert.deepEqual(results[1], results[0])
  })

  test('a program without any stays as it is', () => {
    const steps = new StepList()
    steps.numbers('small', 'float32', [4], new Float32Array(4))
    const small: Program = { steps: steps.steps, inputs: {}, outputs: {} }
    assert.deepEqual(store(small, WEIGHTS_FILE), { program: small, weights: [] })
  })
})
