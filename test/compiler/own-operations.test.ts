import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compile, type SavedModel } from '../../src/compiler/index.js'
import { savedModelOf } from '../../src/compiler/compile.js'
import { fold } from '../../src/compiler/fold/fold.js'
import { lower } from '../../src/compiler/lower/lower.js'
import type { Step } from '../../src/compiler/steps.js'
import { chooseKernels, targetOf } from '../../src/engine/kernels.js'
import { loadCompiled } from '../support/compiled-network.js'
import { smallXception } from '../support/small-xception.js'

type Of<Op> = Extract<Step, { readonly op: Op }>
type Separable = Of<'XceptionSeparableConvolution'>
type Dense = Of<'XceptionConvolution'>

const { network, weights } = smallXception()
const { side, channels } = network.input
const kernels = chooseKernels('float32', 'cpu')
const target = targetOf('float32', kernels)

const skip = kernels === 'tensorflow' ? 'there are no kernels here' : false

suite('own operations refuse attributes that no compiler writes', { skip }, () => {
  test('more summands than one', async () => {
    const savedModel = changed({ separable: (step) => ({ ...step, summands: 2, inputs: [...step.inputs, ...step.inputs.slice(0, 1)] }) })
    await assert.rejects(run(savedModel), /XceptionSeparableConvolution: summands is neither 0 nor 1/)
  })

  test('windows and strides that are not positive, or far too large', async () => {
    const savedModel = changed({ dense: (step) => ({ ...step, strides: [0, 1] }) })
    await assert.rejects(run(savedModel), /XceptionConvolution: strides has one that is not positive/)
    for (const window of [[3, -1], [0, 3], [3, 2000]] as const) {
      const message = /XceptionConvolution: window has a side that is not 1 to 1024/
      await assert.rejects(run(changed({ dense: (step) => ({ ...step, window }) })), message)
    }
  })

  test('and weights of another size', async () => {
    const savedModel = changed({ dense: (step) => ({ ...step, filters: step.filters + 32 }) })
    await assert.rejects(run(savedModel), /input 1 has \d+ numbers instead of \d+/)
  })

  test('while unchanged they compute', async () => {
    await run(compile({ network, weights, ...target }))
  })
})

/** The small network with such operations changed. */
function changed (change: { readonly separable?: (step: Separable) => Separable, readonly dense?: (step: Dense) => Dense }): SavedModel {
  const program = lower(fold(network, weights), target)
  const { separable, dense } = change
  const steps = program.steps.map((step): Step => {
    if (separable !== undefined && step.op === 'XceptionSeparableConvolution' && step.summands === 1) return separable(step as Separable)
    if (dense !== undefined && step.op === 'XceptionConvolution') return dense(step as Dense)
    return step
  })
  assert.notDeepEqual(steps, program.steps)
  return savedModelOf({ ...program, steps })
}

async function run (savedModel: SavedModel): Promise<void> {
  const compiled = await loadCompiled(savedModel, [side, channels])
  try {
    compiled.run({ values: [new Float32Array(side * side * channels)] })
  } finally {
    compiled.dispose()
  }
}
