import { OperatorError } from '../../base/errors.js'
import type { InputFacts, Rescaling } from '../../model/input.js'
import { demandMapSizes } from '../../model/limits.js'
import type { Layer, Network } from '../../model/network.js'
import { WeightsError, sizeOf, type Tensor, type Weights } from '../../model/weights.js'
import type { StoredModel, StoredWeight } from '../files/index.js'
import type { Hints, RecognizedModel } from '../keras/index.js'
import { inputConfig } from './config.js'
import { NamedWeights } from './names.js'
import { variantOf, type Variant } from './variants.js'

/** What to do with a module of an unknown architecture. */
const SAVE_WEIGHTS = 'save its weights in Python with model = torch.load(path, weights_only=False), then ' +
  "torch.save(model.state_dict(), 'model.pth')"
const SUPPORTED = 'legacy_xception and xception41, 65, 71, 41p and 65p of timm, and the xception of Cadene, FaceForensics++ and ' +
  'DeepfakeBench'

const IMAGENET_CLASSES = 1000
/** Mean and deviation of 0.5. */
const UNSTATED: Rescaling = { scale: 1 / 127.5, offset: -1 }

const ROLES: ReadonlyMap<string, string> = new Map([
  ['gamma', 'weight'], ['beta', 'bias'], ['moving_mean', 'running_mean'], ['moving_variance', 'running_var'], ['bias', 'bias']
])

/** One weight of the network, and the file's. */
interface Binding {
  readonly name: string
  readonly shape: readonly number[]
  readonly source: StoredWeight
}

/**
 * Tells one of PyTorch's Xceptions by the names and shapes of its weights; what a configuration beside them says of pictures is taken.
 * Rejects with a WeightsError of one sentence that says what is supported where it is none of them, or names the weight that does not fit.
 */
export async function recognizeTorch (stored: StoredModel, hints: Hints = {}): Promise<RecognizedModel> {
  const weights = NamedWeights.of(stored.layers.flatMap((layer) => layer.weights))
  const variant = variantOf(weights)
  if (variant === undefined) throw unknown(stored.moduleClass, weights)
  const config = inputConfig(stored.config)
  const classes = weights.shapeOf(`${variant.classifier}.weight`)?.[0] ?? 0
  const network = built(variant, weights, {
    side: config?.size ?? hints.inputSize ?? variant.facts.size,
    ending: hints.output ?? (classes === 1 ? 'sigmoid' : 'softmax'),
    rescaling: config?.rescaling ?? UNSTATED
  })
  const bindings = network.layers.flatMap((layer) => bind(layer, variant, weights))
  weights.demandAllTaken(variant.name)
  return {
    network,
    rescaling: config?.rescaling,
    inputSizeFromFile: config !== undefined,
    decoding: config?.decoding ?? evaluation(variant, classes),
    ...classes === IMAGENET_CLASSES ? { isImageNet: true } : {},
    notes: [`is ${variant.name}, as the names of its weights tell`],
    readWeights: () => read(bindings)
  }
}

/** What ImageNet's networks are evaluated with; others are said nothing of. */
function evaluation ({ facts }: Variant, classes: number): Pick<InputFacts, 'fit' | 'cropFraction' | 'kernel'> {
  return classes === IMAGENET_CLASSES ? { fit: 'crop', cropFraction: facts.cropFraction, kernel: 'cubic' } : {}
}

interface Stated {
  readonly side: number
  readonly ending: 'softmax' | 'sigmoid'
  readonly rescaling: Rescaling
}

function built (variant: Variant, weights: NamedWeights, { side, ending, rescaling }: Stated): Network {
  const [, channels = 0] = weights.shapeOf(`${variant.firstConvolution}.weight`) ?? []
  if (channels !== 1 && channels !== 3) {
    throw new WeightsError(`it reads pictures of ${channels} channels, and RGB or grey ones are supported`)
  }
  try {
    const network = variant.network({ input: { side, channels, rescaling }, ending })
    demandMapSizes(network)
    return network
  } catch (error) {
    if (!(error instanceof OperatorError) || error instanceof WeightsError) throw error
    throw new WeightsError(`its network cannot be built: ${error.message}`, { cause: error })
  }
}

function unknown (moduleClass: string | undefined, { names }: NamedWeights): WeightsError {
  const some = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`
  const origin = moduleClass === undefined ? '' : `; it holds a whole ${moduleClass}: ${SAVE_WEIGHTS}`
  return new WeightsError(`its weights (${some}) are those of no network of PyTorch's that is supported: these are ${SUPPORTED}${origin}`)
}

function bind (layer: Layer, variant: Variant, weights: NamedWeights): Binding[] {
  return layer.weights.map(({ role, name, shape }) => {
    const base = layer.operation.kind === 'dense' ? variant.classifier : variant.sourceOf(layer.name, role)
    const source = weights.take(`${base}.${ROLES.get(role) ?? 'weight'}`)
    const expected = role.endsWith('kernel') ? outputFirst(shape, role) : shape
    const trimmed = source.shape.slice(0, expected.length)
    // 1x1 kernels may be kept as matrices.
    const isMatrix = source.shape.length === 2 && expected.slice(2).every((side) => side === 1)
    if (source.shape.join() !== expected.join() && !(isMatrix && trimmed.join() === expected.slice(0, 2).join())) {
      const found = `its weight ${source.name} is [${source.shape.join(', ')}]`
      throw new WeightsError(`${found}, and ${variant.name} has [${expected.join(', ')}] there`)
    }
    return { name, shape, source }
  })
}

/** A kernel's shape as PyTorch has it: [filters, channels, height, width], and of a depthwise one [channels, 1, height, width]. */
function outputFirst (shape: readonly number[], role: string): number[] {
  const [outputs = 0, inputs = 0, ...window] = shape.toReversed()
  const sides = window.reverse()
  return role === 'depthwise_kernel' ? [inputs, outputs, ...sides] : [outputs, inputs, ...sides]
}

/** One after the other, so that only one of them is in the file's form at a time. */
async function read (bindings: readonly Binding[]): Promise<Weights> {
  const weights = new Map<string, Tensor>()
  for (const { name, shape, source } of bindings) {
    const data = await source.read()
    weights.set(name, { shape, data: source.shape.length > 1 ? windowFirst(source.shape, data) : data })
  }
  return weights
}

/** [outputs, inputs, height, width] to [height, width, inputs, outputs]; of depthwise kernels, which have one input, that is the same. */
function windowFirst ([outputs = 1, inputs = 1, ...window]: readonly number[], data: Float32Array): Float32Array {
  const positions = sizeOf(window)
  const turned = new Float32Array(data.length)
  let from = 0
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let position = 0; position < positions; position++) {
        turned[(position * inputs + input) * outputs + output] = data[from++] ?? 0
      }
    }
  }
  return turned
}
