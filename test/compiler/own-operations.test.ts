import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { marginsOf } from '../../src/model/shapes.js'
import { compile, type SavedModel } from '../../src/compiler/index.js'
import { savedModelOf } from '../../src/compiler/compile.js'
import { fold } from '../../src/compiler/fold/fold.js'
import { lower } from '../../src/compiler/lower/lower.js'
import type { Step } from '../../src/compiler/steps.js'
import { chooseKernels, targetOf } from '../../src/engine/kernels.js'
import { loadCompiled } from '../support/compiled-network.js'
import { smallXception } from '../support/small-xception.js'

// TensorFlow reads it when it is loaded.
process.env.TF_NUM_INTRAOP_THREADS = '16'

type Of<Op> = Extract<Step, { readonly op: Op }>
type Separable = Of<'XceptionSeparableConvolution'>
type Dense = Of<'XceptionConvolution'>

/** Filters of the network's first convolution, and of a panel of weights. */
const FIRST_FILTERS = 6
const PANEL_FILTERS = 32

const { network, weights } = smallXception()
const { side, channels } = network.input
const kernels = chooseKernels('float32', 'cpu')
const target = targetOf('float32', kernels)

const skip = kernels === 'tensorflow' ? 'there are no kernels here' : false

suite('own operations refuse attributes that no compiler writes', { skip }, () => {
  test('more summands than one', async () => {
    const savedModel = changed({ separable: (step) => [{ ...step, summands: 2, inputs: [...step.inputs, ...step.inputs.slice(0, 1)] }] })
    await assert.rejects(run(savedModel), /XceptionSeparableConvolution: summands is neither 0 nor 1/)
  })

  test('windows and strides that are not positive, or far too large', async () => {
    const savedModel = changed({ dense: (step) => [{ ...step, strides: [0, 1] }] })
    await assert.rejects(run(savedModel), /XceptionConvolution: strides has one that is not positive/)
    for (const window of [[3, -1], [0, 3], [3, 2000]] as const) {
      const message = /XceptionConvolution: window has a side that is not 1 to 1024/
      await assert.rejects(run(changed({ dense: (step) => [{ ...step, window }] })), message)
    }
  })

  test('and weights of another size', async () => {
    const savedModel = changed({ dense: (step) => [{ ...step, filters: step.filters + 32 }] })
    await assert.rejects(run(savedModel), /input 1 has \d+ numbers instead of \d+/)
  })

  test('while unchanged they compute', async () => {
    await run(compile({ network, weights, ...target }))
  })
})

test('own operations say that there is no memory to compute in, and compute once there is', {
  skip: skip === false && !hasPrlimit() ? 'prlimit (util-linux) is not installed' : skip
}, async () => {
  // So large that what a few positions take, on each thread, is more than what is free or may be added below.
  const window = [256, 256] as const
  const values = new Float32Array(window[0] * window[1] * channels * PANEL_FILTERS)
  const kernel = { name: 'large', type: 'float32', inputs: [], op: 'Const', shape: [values.length], values } as const
  const savedModel = changed({
    dense: (step) => {
      const [map = '', , bias = ''] = step.inputs
      const margins = marginsOf('same', [side, side], { size: window, strides: step.strides })
      return step.filters === FIRST_FILTERS ? [kernel, { ...step, window, margins, inputs: [map, kernel.name, bias] }] : [step]
    }
  })
  const compiled = await loadCompiled(savedModel, [side, channels])
  const compute = (): void => { compiled.run({ values: [new Float32Array(side * side * channels)] }) }
  const bytes = Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
  limitAddresses(String(bytes + 4 * 2 ** 20))
  try {
    // The hint is TensorFlow's for what exhausts a resource.
    assert.throws(compute, /XceptionConvolution[^]*when OOM happens/)
  } finally {
    limitAddresses('unlimited')
  }
  compute()
  compiled.dispose()
})

/** Sets how many bytes of addresses this process may use. */
function limitAddresses (bytes: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:`])
}

function hasPrlimit (): boolean {
  return spawnSync('prlimit', ['--version']).status === 0
}

interface Changes {
  readonly separable?: (step: Separable) => Step[]
  readonly dense?: (step: Dense) => Step[]
}

/** The small network with others in place of such steps. */
function changed ({ separable, dense }: Changes): SavedModel {
  const program = lower(fold(network, weights), target)
  const steps = program.steps.flatMap((step): Step[] => {
    if (separable !== undefined && step.op === 'XceptionSeparableConvolution' && step.summands === 1) return separable(step as Separable)
    if (dense !== undefined && step.op === 'XceptionConvolution') return dense(step as Dense)
    return [step]
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
