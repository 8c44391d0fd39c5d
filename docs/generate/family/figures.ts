import { totalCounts } from '../../../src/model/counts.js'
import type { Layer, Network } from '../../../src/model/network.js'
import { presetNetwork } from '../../../src/model/presets/index.js'
import { moduleFigure } from './module-figure.js'
import { boxesOf, withStepsOfSeparable } from './module-graph.js'
import { networkFigure } from './network-figure.js'

/** Figures do not depend on it. */
const ANY_RESCALING = { scale: 1, offset: 0 }

/** A part of a preset's network: the layers of a numbered module, or those whose names begin with something. */
interface ModuleFigure {
  readonly preset: string
  readonly title: string
  readonly isInside: (layer: Layer) => boolean
}

const isModule = (name: string) => (layer: Layer): boolean => layer.module === name
const begins = (name: string) => (layer: Layer): boolean => layer.name.startsWith(name)
const SECOND = begins('block6_inception2')

/** The modules of the page by the name of the file. */
const MODULES: Readonly<Record<string, ModuleFigure>> = {
  'inception-v3-square': { preset: 'inception-v3', title: 'Inception V3, mixed0: four kinds of tower', isInside: isModule('mixed0') },
  'inception-v3-factorized': { preset: 'inception-v3', title: 'Inception V3, mixed4: 7×7 as 1×7 and 7×1', isInside: isModule('mixed4') },
  'inception-v3-widening': { preset: 'inception-v3', title: 'Inception V3, mixed9: towers that fork', isInside: isModule('mixed9') },
  'inception-simplified': { preset: 'inception-simplified', title: 'inception-simplified: one kernel size', isInside: SECOND },
  'inception-segments-3': { preset: 'inception-segments-3', title: 'inception-segments-3: three segments', isInside: SECOND },
  'inception-segments-1': { preset: 'inception-segments-1', title: 'inception-segments-1: a plain convolution', isInside: SECOND },
  'inception-extreme': { preset: 'inception-extreme', title: 'inception-extreme: a segment a channel', isInside: SECOND },
  'xception-separable': { preset: 'xception', title: 'xception: a separable convolution', isInside: begins('block6_sepconv2') },
  'xception-relu-separable': { preset: 'xception-relu', title: 'xception-relu: ReLU between the two', isInside: begins('block6_sepconv2') },
  'xception-module': { preset: 'xception', title: 'xception, block6: of the middle flow', isInside: isModule('block6') },
  'xception-downsampling': { preset: 'xception', title: 'xception, block3: halves the grid', isInside: isModule('block3') },
  'xception-plain-module': { preset: 'xception-plain', title: 'xception-plain, block6: no sum', isInside: isModule('block6') },
  'vgg-separable-stage': { preset: 'vgg-separable', title: 'vgg-separable, block3', isInside: isModule('block3') },
  'mobilenet-block': { preset: 'mobilenet', title: 'mobilenet, block6: halves the grid', isInside: isModule('block6') }
}

/** Modules in which separable convolutions are drawn as the two convolutions that they are. */
const IN_STEPS: ReadonlySet<string> = new Set(['xception-separable'])

/** Whole networks by the name of the file. */
const NETWORKS: Readonly<Record<string, string>> = { 'inception-v3-network': 'inception-v3', 'xception-network': 'xception' }

/** The figures of docs/family.md: SVG documents by the name of their file. */
export function familyFigures (): Map<string, string> {
  const figures = new Map<string, string>()
  for (const [file, { preset, title, isInside }] of Object.entries(MODULES)) {
    const network = fullSize(preset)
    const drawn = IN_STEPS.has(file) ? withStepsOfSeparable(network) : network
    const counts = totalCounts(network.layers.filter(isInside))
    figures.set(`${file}.svg`, moduleFigure({ title, counts }, boxesOf(drawn, isInside)))
  }
  for (const [file, preset] of Object.entries(NETWORKS)) figures.set(`${file}.svg`, networkFigure(preset, fullSize(preset)))
  return figures
}

function fullSize (preset: string): Network {
  return presetNetwork({ name: preset }, ANY_RESCALING)
}
