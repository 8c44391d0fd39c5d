import type { FlatLayer } from './flatten.js'

/** What is said of a layer of Python code that stands where nothing can take its place. */
export const LAMBDA = 'is Python code, which a file keeps only for Python: put layers of Keras in its place and save the model again'
/** What is said of one directly behind the input. */
export const SCALING_LAMBDA = 'is Python code, which a file keeps only for Python: it stands directly behind the input, ' +
  'so say with SCALE what it does to the pixels, or put a Rescaling layer in its place and save the model again'

/** How the pixels become the input of a family of keras.applications, by the name of its module; the same names as SCALE's. */
type Scale = '-1..1' | 'caffe' | 'torch' | 'none'

/** Scales by the name of the module, or of the base. */
const FAMILIES: ReadonlyArray<readonly [family: RegExp, scale: Scale]> = [
  [/^(resnet_?v2|resnet\d+v2)/, '-1..1'], [/^resnet_?rs/, 'none'], [/^mobile_?net_?v3/, 'none'],
  [/^(xception|inception|mobile_?net|nasnet)/, '-1..1'], [/^(resnet|vgg)/, 'caffe'], [/^densenet/, 'torch'],
  [/^(efficientnet|convnext|regnet)/, 'none']
]

/**
 * What a Lambda layer does that is a `preprocess_input` of Keras: by the module that the file records, or that its mode says, else by the
 * base that it stands before. `unknown` where nothing tells which one it is; undefined where it is other code.
 */
export function preprocessOf (layer: FlatLayer, models: readonly string[]): Scale | 'unknown' | undefined {
  if (layer.className !== 'Lambda' || !isPreprocessInput(layer.config)) return undefined
  const mode = (layer.config.arguments as { mode?: unknown } | undefined)?.mode
  if (mode === 'tf') return '-1..1'
  if (mode === 'caffe' || mode === 'torch') return mode
  const module = /applications\.(\w+)/.exec(recordedModule(layer.config))?.[1]
  if (module === 'imagenet_utils') return 'caffe'
  return [...module === undefined ? [] : [module], ...models].map(scaleOfFamily).find((scale) => scale !== undefined) ?? 'unknown'
}

function scaleOfFamily (name: string): Scale | undefined {
  return FAMILIES.find(([family]) => family.test(name.toLowerCase()))?.[1]
}

/** Keras 3 keeps the function's name, Keras 2 that or its code, in which its name stands, with the module. */
function isPreprocessInput (config: FlatLayer['config']): boolean {
  const { function: stated } = config
  if (Array.isArray(stated) && typeof stated[0] === 'string') {
    return recordedModule(config).includes('applications.') && Buffer.from(stated[0], 'base64').includes('preprocess_input')
  }
  return nameOf(stated) === 'preprocess_input'
}

function nameOf (stated: unknown): unknown {
  return typeof stated === 'object' && stated !== null && 'config' in stated ? stated.config : stated
}

function recordedModule ({ module, function: stated }: FlatLayer['config']): string {
  const own = typeof stated === 'object' && stated !== null && 'module' in stated ? stated.module : undefined
  return [own, module].find((one): one is string => typeof one === 'string' && one !== 'builtins') ?? ''
}
