import type { NetworkInput, Network, Operation, Sides } from '../network.js'
import { inKerasOrder } from './keras-order.js'
import type { Plan } from './plan.js'
import { PLAIN_NORMALIZATION, Walk, type Window } from './walk.js'

/* Inception V3 (Szegedy et al. 2015, arXiv 1512.00567) as Keras has it: every convolution is followed by batch normalization and ReLU. */

interface Convolution extends Window { readonly filters: number, readonly kernel: Sides }
type Pooling = 'averagePooling' | 'maxPooling'
/** Convolutions side by side over the same input, concatenated. */
interface Fork { readonly fork: readonly Convolution[] }
type Tower = ReadonlyArray<Convolution | Pooling | Fork>

const conv = (filters: number, height: number, width = height): Convolution => ({ filters, kernel: [height, width] })
const reducing = (filters: number): Convolution => ({ filters, kernel: [3, 3], stride: 2, padding: 'valid' })
const valid = (filters: number, side: number): Convolution => ({ filters, kernel: [side, side], padding: 'valid' })

/** 1x1, 5x5, double 3x3 and pool towers. */
const square = (pool: number): readonly Tower[] => [
  [conv(64, 1)],
  [conv(48, 1), conv(64, 5)],
  [conv(64, 1), conv(96, 3), conv(96, 3)],
  ['averagePooling', conv(pool, 1)]
]

/** 1x1, factorized 7x7, double factorized 7x7 and pool towers. */
const factorized = (inner: number): readonly Tower[] => [
  [conv(192, 1)],
  [conv(inner, 1), conv(inner, 1, 7), conv(192, 7, 1)],
  [conv(inner, 1), conv(inner, 7, 1), conv(inner, 1, 7), conv(inner, 7, 1), conv(192, 1, 7)],
  ['averagePooling', conv(192, 1)]
]

const FORK: Fork = { fork: [conv(384, 1, 3), conv(384, 3, 1)] }
/** Towers that widen at their ends, for the coarsest grid. */
const WIDENING: readonly Tower[] = [
  [conv(320, 1)],
  [conv(384, 1), FORK],
  [conv(448, 1), conv(384, 3), FORK],
  ['averagePooling', conv(192, 1)]
]

/** The modules `mixed0` to `mixed10`; the fourth and the ninth halve the grid. */
const MODULES: ReadonlyArray<readonly Tower[]> = [
  square(32), square(64), square(64),
  [[reducing(384)], [conv(64, 1), conv(96, 3), reducing(96)], ['maxPooling']],
  factorized(128), factorized(160), factorized(160), factorized(192),
  [[conv(192, 1), reducing(320)], [conv(192, 1), conv(192, 1, 7), conv(192, 7, 1), reducing(192)], ['maxPooling']],
  WIDENING, WIDENING
]

/** All before the modules. */
const STEM: ReadonlyArray<Convolution | Pooling> = [
  valid(32, 3), valid(32, 3), conv(64, 3), 'maxPooling', valid(80, 1), valid(192, 3), 'maxPooling'
]

const POOLINGS: Readonly<Record<Pooling, Operation>> = {
  averagePooling: { kind: 'averagePooling', size: [3, 3], strides: [1, 1], padding: 'same' },
  maxPooling: { kind: 'maxPooling', size: [3, 3], strides: [2, 2], padding: 'valid' }
}

/** The whole network, its layers in Keras's order. Throws an Error if a feature map would have no pixel left. */
export function inceptionV3 (plan: Plan, input: NetworkInput): Network {
  const walk = new Walk(input, { ...PLAIN_NORMALIZATION, scale: false })
  walk.enter('stem', 'entry')
  STEM.forEach((step, index) => {
    addStep(walk, plan, `stem_${index + 1}`, index === 0 && typeof step !== 'string' ? { ...step, stride: plan.stem } : step)
  })
  MODULES.forEach((towers, index) => {
    const name = `mixed${index}`
    walk.enter(name)
    const start = walk.last
    walk.add(name, { kind: 'concatenate' }, towers.map((tower, at) => addTower(walk, plan, `${name}_tower${at + 1}`, tower, start)))
  })
  walk.classifier(plan.classes)
  return inKerasOrder(walk.build())
}

function addTower (walk: Walk, plan: Plan, name: string, tower: Tower, start: string): string {
  let last = start
  tower.forEach((step, index) => { last = addStep(walk, plan, `${name}_${index + 1}`, step, last) })
  return last
}

function addStep (walk: Walk, plan: Plan, name: string, step: Convolution | Pooling | Fork, input = walk.last): string {
  if (typeof step === 'string') return walk.add(`${name}_pool`, POOLINGS[step], [input])
  if ('fork' in step) {
    return walk.add(`${name}_concat`, { kind: 'concatenate' }, step.fork.map((one) => addStep(walk, plan, name, one, input)))
  }
  return walk.activatedConvolution(`${name}_${step.kernel.join('x')}`, plan.filters(step.filters), step, input)
}
