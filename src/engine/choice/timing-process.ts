import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { SpareCpus } from '../../base/cpus.js'
import { writeSavedModel } from '../../compiler/index.js'
import { SERVING_SIGNATURE, SERVING_TAG } from '../../compiler/messages.js'
import { sampleOf, type Sample } from '../../compiler/sample/sample.js'
import { compileStamped } from '../../compiler/sample/stamped.js'
import { INPUTS, WANTABLE } from '../../compiler/signature.js'
import { loadSavedModel, tf, type TensorFlow } from '../tensorflow.js'
import { sameGraph, targetOf, type Candidate, type KernelsAddon } from './candidates.js'
import type { Timed, TimingOrder } from './timing.js'

/* Runs in a process of its own, with as many threads as an engine: times what may compute a network's layers. */

interface Graph {
  readonly candidate: Candidate
  run (): void
}

/** So much of the time may be gone when a graph is loaded; the rest is for rounds. */
const LOADING_SHARE = 0.6
/** After so many rounds, one that takes so many times as long as the best of its products is timed no more. */
const ROUNDS_FOR_ALL = 2
const HOPELESS = 1.6

/** Times the candidates in turns, every other round in reverse. */
export async function timeCandidates (order: TimingOrder): Promise<Timed> {
  const addon = createRequire(import.meta.url)(order.addon) as KernelsAddon
  const beganLoading = performance.now()
  const end = beganLoading + order.limitMs
  const sample = sampleOf(order.sample)
  const timer = new Timer(addon, sample)
  const graphs: Graph[] = []
  for (const candidate of order.candidates) {
    if (performance.now() > beganLoading + LOADING_SHARE * order.limitMs) break
    const known = graphs.find((one) => sameGraph(one.candidate, candidate))
    const graph = known === undefined ? await load(candidate, sample, order) : { ...known, candidate }
    graphs.push(graph)
    // The first run of a graph takes what the others do not.
    if (known === undefined) timer.time(graph)
  }
  const spare = new SpareCpus()
  const times = new Map(graphs.map((graph): [Graph, number[][]] => [graph, []]))
  for (let round = 0; round < order.rounds && performance.now() < end; round++) {
    const wanted = round < ROUNDS_FOR_ALL ? graphs : graphs.filter((graph) => !isHopeless(graph, times))
    for (const graph of round % 2 === 0 ? wanted : wanted.toReversed()) times.get(graph)?.push(timer.time(graph))
  }
  return {
    layers: sample.layers,
    times: [...times].map(([{ candidate }, rounds]) => ({ candidate, rounds })),
    spareCpus: spare.sinceBegin()
  }
}

/** Times one run of a graph, layer by layer. */
class Timer {
  constructor (private readonly addon: KernelsAddon, private readonly sample: Sample) {}

  time ({ candidate: { products, kernels }, run }: Graph): number[] {
    if (kernels !== 'tensorflow') this.addon.use(products, kernels)
    this.addon.takeStamps()
    run()
    const stamps = this.addon.takeStamps()
    const { length } = this.sample.layers
    if (stamps.length !== length + 1) throw new Error(`a sample of ${length} layers has ${stamps.length} stamps`)
    return this.sample.layers.map((_, index) => (stamps[index + 1] ?? NaN) - (stamps[index] ?? NaN))
  }
}

async function load (candidate: Candidate, sample: Sample, { batchSize, folders }: TimingOrder): Promise<Graph> {
  const folder = await scratchFolder(folders)
  try {
    await writeSavedModel(folder, compileStamped(sample, targetOf(candidate)))
    const model = await loadSavedModel(folder, [SERVING_TAG], SERVING_SIGNATURE)
    const feeds = feedsOf(sample, batchSize)
    return { candidate, run: () => { tf.dispose(model.predict(feeds)) } }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** In the first that takes one. Rejects with what the system says of the last. */
async function scratchFolder ([folder = tmpdir(), ...others]: readonly string[]): Promise<string> {
  try {
    return await mkdtemp(join(folder, 'kernels-'))
  } catch (error) {
    if (others.length === 0 || (error as NodeJS.ErrnoException).code === undefined) throw error
    return await scratchFolder(others)
  }
}

/** One picture in all places of the batch: its numbers change no time. */
function feedsOf ({ network: { input: { side, channels } } }: Sample, batchSize: number): TensorFlow.NamedTensorMap {
  const picture = Uint8Array.from({ length: side * side * channels }, (_, index) => index * 7)
  return {
    [INPUTS.images]: tf.tensor1d(Array.from({ length: batchSize }, () => picture) as unknown as string[], 'string'),
    [INPUTS.values]: tf.tensor([], [0, side, side, channels]),
    [INPUTS.wanted]: tf.tensor1d(WANTABLE.map(() => false), 'bool'),
    [INPUTS.mapCount]: tf.scalar(0, 'int32'),
    [INPUTS.fromValues]: tf.scalar(false, 'bool')
  }
}

function isHopeless (graph: Graph, times: ReadonlyMap<Graph, ReadonlyArray<readonly number[]>>): boolean {
  const shortest = (one: Graph): number => Math.min(...(times.get(one) ?? []).map((round) => round.reduce((sum, time) => sum + time, 0)))
  const rivals = [...times.keys()].filter(({ candidate: { products } }) => products === graph.candidate.products)
  return shortest(graph) > HOPELESS * Math.min(...rivals.map(shortest))
}
