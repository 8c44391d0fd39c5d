import { createHash } from 'node:crypto'
import { OperatorError } from '../../base/errors.js'
import { fold, type Folded } from '../../compiler/fold/fold.js'
import type { Config } from '../../config.js'
import { inputSpec, type Model } from '../../model/model.js'
import type { Network } from '../../model/network.js'
import { inputShape } from '../../model/shapes.js'
import type { Quantization } from '../../model/quantization.js'
import { sizeOf, type Weights } from '../../model/weights.js'
import { answersFrom } from '../../quantize/answers.js'
import { calibrate, type Calibration } from '../../quantize/calibration/calibrate.js'
import { likenessOf, type Likeness } from '../../quantize/calibration/likeness.js'
import { quantizationOf } from '../../quantize/from-statistics.js'
import { GraphProcess, type GraphProcessOptions } from '../../quantize/graph-process.js'
import { layerErrors, layersToKeep, withoutCostliest, type LayerError } from '../../quantize/keep.js'
import type { Pixels } from '../../quantize/pixels.js'
import { separableLayers } from '../../quantize/separable-layers.js'
import { prepareProcess } from '../../service/loaded-model.js'
import { showProgress } from '../../sources/download-progress.js'
import { openModel } from '../../sources/open.js'
import { interruptedBy } from '../exit-codes.js'
import { Interruption } from '../folder/interruption.js'
import { Progress } from '../progress.js'
import { say } from '../say.js'
import { print } from '../table.js'
import { demandFree, modelNameOf, writeNewPackage } from '../package.js'
import { graphsOf, type Graphs } from './graphs.js'
import { sayUnlikely } from './likeness.js'
import { measureAll } from './measure.js'
import { decodePictures, type DecodedPictures } from './pictures.js'
import { reportRows, type QuantizationReport } from './report.js'

export interface QuantizeOptions {
  readonly config: Config
  /** A folder or an archive; undefined for ranges from batch normalizations. */
  readonly images: string | undefined
  /** The package to write. */
  readonly out: string
  /** Layers to leave out of int8; undefined for as many as `logitError` takes. */
  readonly keep: number | undefined
  readonly logitError: number
  readonly seed: number
}

interface Chosen {
  readonly quantization: Quantization
  /** How like what the network was trained on the calibration's pictures are. */
  readonly likeness: Likeness | undefined
  readonly errors: readonly LayerError[]
}

/** Layers are compared by so many pictures: by more the order hardly changes. */
const MOST_JUDGING = 24
const VERSION_DIGITS = 12
const NO_PICTURES: DecodedPictures = { calibration: [], heldOut: [] }

/**
 * Chooses ranges for what int8 can compute, leaves the layers out that cost most, measures, and writes a package. Returns the exit
 * code. Throws an OperatorError if it cannot be done.
 */
export async function quantizeModel (options: QuantizeOptions): Promise<number> {
  const { config, images, out, keep, seed } = options
  if (images === undefined && keep !== undefined) throw new OperatorError('--keep needs --images, which say what each layer costs.')
  const interruption = new Interruption()
  await demandFree(out)
  const model = await openModel(config, await showProgress())
  model.warnings.forEach(say)
  const weights = await model.readWeights()
  const folded = fold(model.network, weights)
  demandLayers(model, folded)
  prepareProcess()
  const pictures = images === undefined ? NO_PICTURES : await decodePictures(images, seed, config, inputSpec(model.input))
  const graphs = graphsOf(folded)
  const graphOptions = graphOptionsOf(config, model)
  const chosen = images === undefined
    ? { quantization: quantizationOf(model.network, weights), likeness: undefined, errors: [] }
    : await chooseByPictures({ network: model.network, weights, folded }, graphs, pictures, { ...options, graphOptions })
  const measured = await measureAll(graphs, chosen.quantization, pictures.heldOut, graphOptions)
  const report: QuantizationReport = {
    ...await namesOf(model, out, chosen.quantization),
    ranges: images === undefined ? 'batch normalization' : 'pictures',
    pictures: { calibration: pictures.calibration.length, heldOut: pictures.heldOut.length, seed },
    likeness: chosen.likeness ?? null,
    rest: graphs.rest,
    isSimulated: graphs.isSimulated,
    int8Layers: [...chosen.quantization.keys()],
    keptLayers: separableLayers(folded).map(({ name }) => name).filter((name) => !chosen.quantization.has(name)),
    layerErrors: chosen.errors,
    measured
  }
  // From here on a signal finds a package that is whole.
  interruption.finishFirst()
  await write(options, model, weights, chosen.quantization, report)
  return interruption.signal === undefined ? 0 : interruptedBy(interruption.signal)
}

function demandLayers ({ name }: Model, folded: Folded): void {
  if (separableLayers(folded).length > 0) return
  throw new OperatorError(`${name} has no layer that is computed in int8: those are separable convolutions of 3x3 and stride 1.`)
}

function graphOptionsOf ({ tensorflowThreads }: Config, { network }: Model): GraphProcessOptions {
  return { threads: tensorflowThreads, imageBytes: sizeOf(inputShape(network.input)) }
}

/** A network as it is and folded. */
interface Source {
  readonly network: Network
  readonly weights: Weights
  readonly folded: Folded
}

async function chooseByPictures (
  { network, weights, folded }: Source, graphs: Graphs, { calibration: pictures, heldOut }: DecodedPictures,
  { keep, logitError, graphOptions }: QuantizeOptions & { readonly graphOptions: GraphProcessOptions }
): Promise<Chosen> {
  // Pictures that ranges were chosen by lie within them, which says too little of others.
  const judges = Math.min(MOST_JUDGING, Math.floor(pictures.length / 4))
  const first = await calibrated(folded, pictures.slice(judges), graphOptions)
  const judged = first.quantization
  const likeness = likenessOf(network, weights, folded, first.moments)
  sayUnlikely(likeness, { compared: pictures.length - judges, calibration: pictures.length, heldOut: heldOut.length })
  const judging = judges === 0 ? pictures : pictures.slice(0, judges)
  const { errors, kept } = await costs(judged, graphs, judging, { keep, logitError, graphOptions })
  // What has judged may choose ranges too.
  const whole = judges === 0 ? first : await calibrated(folded, pictures, graphOptions)
  return {
    quantization: withoutCostliest(whole.quantization, errors, kept), likeness: likenessOf(network, weights, folded, whole.moments), errors
  }
}

/** What each layer costs in int8, and how many are therefore left out of it. */
async function costs (
  judged: Quantization, graphs: Graphs, pictures: readonly Pixels[],
  { keep, logitError, graphOptions }: Pick<QuantizeOptions, 'keep' | 'logitError'> & { readonly graphOptions: GraphProcessOptions }
): Promise<{ readonly errors: readonly LayerError[], readonly kept: number }> {
  const judging = await GraphProcess.start(graphs.float32(), graphOptions)
  const comparing = new Progress(judged.size, 'layer')
  try {
    const bench = { graphOf: graphs.int8, pictures, reference: await answersFrom(judging, pictures), graphs: judging }
    const errors = await layerErrors(judged, bench, () => { comparing.add(false) })
    return { errors, kept: keep ?? await layersToKeep(judged, errors, logitError, bench) }
  } finally {
    comparing.stop()
    await judging.close()
  }
}

async function calibrated (folded: Folded, pictures: readonly Pixels[], graphOptions: GraphProcessOptions): Promise<Calibration> {
  const progress = new Progress(pictures.length)
  return await calibrate(folded, pictures, { ...graphOptions, onPicture: () => { progress.add(false) } }).finally(() => { progress.stop() })
}

async function namesOf (
  model: Model, out: string, quantization: Quantization
): Promise<Pick<QuantizationReport, 'name' | 'version' | 'from'>> {
  const hash = createHash('sha256').update(await model.hashWeights())
  for (const [layer, { low, high, biasCorrection }] of quantization) hash.update(layer).update(low).update(high).update(biasCorrection)
  return { name: modelNameOf(out), version: hash.digest('hex').slice(0, VERSION_DIGITS), from: `${model.name} ${model.version}` }
}

async function write (
  { out }: QuantizeOptions, { network, input, labels }: Model, weights: Weights, quantization: Quantization, report: QuantizationReport
): Promise<void> {
  const { name, version } = report
  const files = { 'quantization.json': `${JSON.stringify(report, null, 1)}\n` }
  await writeNewPackage(out, {
    name, version, network, input: inputSpec(input), labels: labels.map(({ label }) => label), weights, quantization, files
  })
  print(reportRows(report))
  say(`${out} is written: serve it with PRECISION=int8, or as it was in any other precision.`)
}
