import { addon, type KernelRow } from '../../base/addon.js'
import { OperatorError } from '../../base/errors.js'
import type { Backend } from '../backend.js'
import { kernelsAddon } from '../kernels.js'
import { choosePrecision } from '../precision.js'
import { candidatesOf, type Candidate, type Kernels, type Products } from './candidates.js'
import { measure, type Measurement, type MeasuringOptions } from './measurement.js'
import { fastestOf, isFaster, type Estimate } from './timing.js'

/** The settings of what to compute in, and of what computes. */
export type PrecisionSetting = Products | 'auto'
export type KernelsSetting = 'auto' | 'own' | 'tensorflow'

/** Why something was chosen: it is the fastest here, it was set, nothing else can, or it is what is expected of such a CPU. */
export type Reason = 'measured' | 'set' | 'only' | 'table'

export interface Choice {
  readonly candidate: Candidate
  readonly reason: Reason
  /** The same in words, with what was measured. */
  readonly why: string
}

export interface ChoiceSettings {
  readonly precision: PrecisionSetting
  readonly kernels: KernelsSetting
}

/** As far apart times may be found in one measurement, for a close decision to be made by them. */
const CLEAR = 0.1

/**
 * What computes under these settings on a CPU: whatever is fastest, by a measurement if there is more than one. `auto` never means
 * int8, whose answers differ more, but it is measured along. Throws an OperatorError where nothing computes so.
 */
export async function choose (settings: ChoiceSettings, measuring: Omit<MeasuringOptions, 'addon'> & { addon?: string }): Promise<Choice> {
  const { decisive, beside } = candidatesFor(settings)
  const [first, ...others] = decisive
  if (first === undefined) throw noneFor(settings)
  if (others.length === 0) return onlyOne(first, settings)
  const path = measuring.addon ?? kernelsAddon()
  if (path === undefined) return ofTable(first, 'this project\'s kernels were not compiled')
  const { estimates, problem } = await measure([...decisive, ...beside], { ...measuring, addon: path })
  return problem === undefined ? byMeasurement(estimates, settings, first) : ofTable(first, problem)
}

/** The same without a measurement, by what is expected of such a CPU. Throws as `choose`. */
export function chooseByTable (settings: ChoiceSettings): Candidate {
  const { decisive: [first] } = candidatesFor(settings)
  if (first === undefined) throw noneFor(settings)
  return first
}

interface Candidates {
  /** What may be chosen, first what is where nothing is measured. */
  readonly decisive: readonly Candidate[]
  /** What is only measured, too. */
  readonly beside: readonly Candidate[]
}

function candidatesFor ({ precision, kernels }: ChoiceSettings): Candidates {
  const rows: readonly KernelRow[] = kernelsAddon() === undefined ? [] : addon().kernelRows()
  const of = (products: Products): Candidate[] => candidatesOf(products, rows).filter((one) => (
    kernels === 'auto' || (one.kernels === 'tensorflow') === (kernels === 'tensorflow')
  ))
  if (precision !== 'auto') return { decisive: of(precision), beside: [] }
  const isNative = choosePrecision('auto', 'cpu') === 'bfloat16'
  return { decisive: [...isNative ? of('bfloat16') : [], ...of('float32')], beside: of('int8').slice(0, 1) }
}

function noneFor ({ precision, kernels }: ChoiceSettings): OperatorError {
  if (precision === 'int8') {
    const needs = 'PRECISION=int8 needs a CPU with AVX2, or one of Arm\'s with dot products, and the kernels that npm run setup compiles ' +
      'on Linux'
    return new OperatorError(kernels === 'tensorflow'
      ? 'PRECISION=int8 is computed by this project\'s kernels alone: set KERNELS=auto, or PRECISION=auto'
      : `${needs}: set PRECISION=auto`)
  }
  return new OperatorError(`KERNELS=own, and this project has no kernels for ${precision} on this CPU, or they were not compiled: ` +
    'set KERNELS=auto')
}

function onlyOne (candidate: Candidate, { kernels }: ChoiceSettings): Choice {
  if (kernels !== 'auto') return { candidate, reason: 'set', why: `KERNELS=${kernels}` }
  return { candidate, reason: 'only', why: `nothing else computes ${candidate.products} here` }
}

function ofTable (candidate: Candidate, problem: string): Choice {
  return { candidate, reason: 'table', why: `not measured, since ${problem}: what is expected of such a CPU` }
}

function byMeasurement (estimates: Measurement['estimates'], { precision, kernels }: ChoiceSettings, first: Candidate): Choice {
  const of = (products: Products): Estimate | undefined => fastestOf(estimates.filter((one) => one.products === products))
  const fastest = precision === 'auto' ? smallerOf(of('bfloat16'), of('float32')) : of(precision)
  if (fastest === undefined) return ofTable(first, 'the time for it was too short')
  const int8 = precision === 'auto' ? of('int8') : undefined
  const { products, maps, kernels: name } = fastest
  const said = estimates.filter((one) => precision !== 'auto' || one.products !== 'int8').map(describe).join(', ')
  const forced = kernels === 'auto' ? '' : ` (KERNELS=${kernels})`
  return {
    candidate: { products, maps, kernels: name },
    reason: 'measured',
    why: `the fastest here for convolutions like Xception's${forced}: ${said}${int8 === undefined ? '' : gainOf(int8, fastest)}`
  }
}

/** Numbers of half the size, where they gain more than what is close; float32, which is more exact, otherwise. */
function smallerOf (bfloat16: Estimate | undefined, float32: Estimate | undefined): Estimate | undefined {
  if (bfloat16 === undefined || float32 === undefined) return bfloat16 ?? float32
  const isClear = Math.max(bfloat16.disagreement, float32.disagreement) <= CLEAR
  return (isClear ? !isFaster(bfloat16, float32) : isFaster(float32, bfloat16)) ? float32 : bfloat16
}

function describe ({ products, maps, kernels, milliseconds }: Estimate): string {
  return `${nameOf(kernels)} in ${products}${products === 'int8' ? ` between ${maps}` : ''} ${milliseconds.toFixed(1)} ms`
}

function nameOf (kernels: Kernels): string {
  return kernels === 'tensorflow' ? 'TensorFlow' : kernels
}

function gainOf (int8: Estimate, chosen: Estimate): string {
  if (!isFaster(int8, chosen)) return '; int8 would gain nothing'
  return `; PRECISION=int8, which is less exact, would take ${(int8.milliseconds / chosen.milliseconds).toFixed(2)} of that`
}

/** Where TensorFlow alone computes, as on a GPU. */
export function onGpu (setting: PrecisionSetting, backend: Backend): Choice {
  if (setting === 'int8') throw new OperatorError('PRECISION=int8 is for CPUs: set BACKEND=cpu, or PRECISION=auto')
  const precision = choosePrecision(setting, backend)
  return {
    candidate: { products: precision, maps: precision, kernels: 'tensorflow' },
    reason: 'only',
    why: 'TensorFlow alone computes on GPUs'
  }
}
