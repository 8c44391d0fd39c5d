import { median } from '../base/statistics.js'
import type { SavedModel } from '../compiler/index.js'
import { GraphProcess, type GraphProcessOptions } from './graph-process.js'
import type { Pixels } from './pixels.js'

/** What a graph says of pictures. */
export interface GraphAnswers {
  /** [pictures, classes], row-major. */
  readonly probabilities: Float32Array
  readonly classes: number
  /** Time of a picture in a full batch, the median over the batches. */
  readonly milliseconds: number
}

export interface AnswerOptions extends GraphProcessOptions {
  /** Told of each picture. */
  readonly onPicture?: () => void
}

const BATCH = 8

/** Has a graph answer for pictures, of which there is one at least, in a process of its own. */
export async function graphAnswers (savedModel: SavedModel, pictures: readonly Pixels[], options: AnswerOptions): Promise<GraphAnswers> {
  const graph = await GraphProcess.start(savedModel, options)
  try {
    return await answersFrom(graph, pictures, options.onPicture)
  } finally {
    await graph.close()
  }
}

/** Has the graph that is loaded answer for pictures, of which there is one at least. */
export async function answersFrom (graph: GraphProcess, pictures: readonly Pixels[], onPicture?: () => void): Promise<GraphAnswers> {
  const all: Float32Array[] = []
  const times: number[] = []
  for (let first = 0; first < pictures.length; first += BATCH) {
    const batch = pictures.slice(first, first + BATCH)
    const { probabilities, inferenceMs } = await graph.run(batch)
    all.push(probabilities)
    times.push(inferenceMs / batch.length)
    batch.forEach(() => onPicture?.())
  }
  const probabilities = Float32Array.from(all.flatMap((some) => [...some]))
  // The first one makes what later ones find.
  const settled = times.length > 1 ? times.slice(1) : times
  return { probabilities, classes: probabilities.length / pictures.length, milliseconds: median(settled) }
}
