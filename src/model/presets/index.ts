import { Type, type Static } from '../../base/typebox.js'
import { OperatorError } from '../../base/errors.js'
import type { Rescaling } from '../input.js'
import type { Network } from '../network.js'
import { findPreset, presetNames, type Preset } from './family.js'

export { presetNames } from './family.js'

/** A preset's name and what is asked of it, as a model package may state it; what is left out is the preset's own. */
export const PresetChoice = Type.Object({
  name: Type.String({ minLength: 1 }),
  /** Scales the filters of every layer, rounded to the nearest whole number. */
  width: Type.Optional(Type.Number()),
  /** Side of the square input, in pixels. */
  size: Type.Optional(Type.Number()),
  classes: Type.Optional(Type.Number()),
  /** Stride of the first convolution. */
  stem: Type.Optional(Type.Number())
})
export type PresetChoice = Static<typeof PresetChoice>

/** Classes of ImageNet. */
const DEFAULT_CLASSES = 1000

interface Option {
  readonly takes: string
  readonly allows: (value: number) => boolean
}
const wholeNumber = (min: number, max: number): Option => ({
  takes: `a whole number from ${min} to ${max}`, allows: (value) => Number.isInteger(value) && value >= min && value <= max
})
const MAX_WIDTH = 8
const OPTIONS = {
  width: { takes: `a number above 0, at most ${MAX_WIDTH}`, allows: (value) => value > 0 && value <= MAX_WIDTH },
  size: wholeNumber(1, 4096),
  classes: wholeNumber(2, 100_000),
  stem: wholeNumber(1, 4)
} satisfies Record<string, Option>
type OptionName = keyof typeof OPTIONS
const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

/** Reads `NAME?width=0.25&size=64&classes=10&stem=1`, all options optional. Throws an OperatorError that names what is wrong. */
export function parsePreset (text: string): PresetChoice {
  const [name = '', query = ''] = text.split(/\?(.*)/s)
  presetOf(name)
  const options = new URLSearchParams(query)
  const choice: Record<string, number> = {}
  for (const [option, value] of options) {
    if (!isOption(option)) throw new OperatorError(`${option} is no option of a preset: it takes ${OPTION_NAMES.join(', ')}`)
    if (options.getAll(option).length > 1) throw new OperatorError(`${option} is given twice`)
    choice[option] = checked(option, /^(\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : NaN, value)
  }
  return { name, ...choice }
}

/** What `parsePreset` reads as the same choice, options in their order. */
export function presetText (choice: PresetChoice): string {
  const options = OPTION_NAMES.flatMap((option) => choice[option] === undefined ? [] : [`${option}=${choice[option]}`])
  return options.length === 0 ? choice.name : `${choice.name}?${options.join('&')}`
}

/**
 * The network of a preset, in full size where the choice says nothing else. Throws an OperatorError if there is no such
 * preset, an option is not allowed, or a layer would have no filter or no pixel left.
 */
export function presetNetwork (choice: PresetChoice, rescaling: Rescaling): Network {
  const preset = presetOf(choice.name)
  for (const option of OPTION_NAMES) if (choice[option] !== undefined) checked(option, choice[option])
  const { width = 1, size = preset.size, classes = DEFAULT_CLASSES, stem = preset.stem } = choice
  const build = (side: number): Network => preset.build(
    { stem, classes, filters: (count) => scaledFilters(count, width) }, { side, channels: 3, rescaling }
  )
  const network = builtOrNot(build, size)
  if (network !== undefined) return network
  // At the preset's own size nothing can be wrong but the width.
  build(preset.size)
  throw new OperatorError(`size=${size} leaves no pixel for the last layers: size takes ${smallestSide(build, preset.size)} or more here`)
}

/** True if `text` begins with the name of a preset, options may follow. */
export function isPresetName (text: string): boolean {
  return findPreset(text.split('?')[0] ?? '') !== undefined
}

/** What the preset is, in one line. Throws an OperatorError if there is no such preset. */
export function presetAbout (name: string): string {
  return presetOf(name).about
}

function presetOf (name: string): Preset {
  const preset = findPreset(name)
  if (preset === undefined) {
    const names = `${presetNames().join(', ')}, and inception-segments-K for any K from 1`
    throw new OperatorError(`there is no preset ${name === '' ? 'without a name' : name}: there are ${names}`)
  }
  return preset
}

function isOption (name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

function checked (option: OptionName, value: number, text = String(value)): number {
  const { takes, allows } = OPTIONS[option]
  if (!allows(value)) throw new OperatorError(`${option}=${text} is not allowed: ${option} takes ${takes}`)
  return value
}

function scaledFilters (count: number, width: number): number {
  const filters = Math.round(count * width)
  if (filters === 0) {
    throw new OperatorError(`width=${width} leaves no filter of a layer's ${count}: width takes ${0.5 / count} or more here`)
  }
  return filters
}

/** The smallest side for which a network can be built; it can be for `possible`, and for every side above one for which it can. */
function smallestSide (build: (side: number) => Network, possible: number): number {
  let [impossible, best] = [0, possible]
  while (best - impossible > 1) {
    const middle = Math.floor((best + impossible) / 2)
    if (builtOrNot(build, middle) === undefined) impossible = middle
    else best = middle
  }
  return best
}

/** Undefined where no network can be built; the reason is told by what is built at another side. */
function builtOrNot (build: (side: number) => Network, side: number): Network | undefined {
  try {
    return build(side)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return undefined
  }
}
