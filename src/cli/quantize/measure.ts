import type { SavedModel } from '../../compiler/index.js'
import type { Quantization } from '../../model/quantization.js'
import { agreementOf } from '../../quantize/agreement.js'
import { graphAnswers, type GraphAnswers } from '../../quantize/answers.js'
import type { GraphProcessOptions } from '../../quantize/graph-process.js'
import type { Pixels } from '../../quantize/pixels.js'
import { Progress } from '../progress.js'
import type { Graphs } from './graphs.js'
import { bytesOf, type Measured } from './report.js'

/** Measures each precision on the pictures, of which there may be none. */
export async function measureAll (
  graphs: Graphs, quantization: Quantization, pictures: readonly Pixels[], options: GraphProcessOptions
): Promise<Measured[]> {
  const { float32, bfloat16 } = graphs
  const made: Array<readonly [Measured['precision'], () => SavedModel]> = [
    ['float32', float32], ...bfloat16 === undefined ? [] : [['bfloat16', bfloat16] as const], ['int8', () => graphs.int8(quantization)]
  ]
  const progress = pictures.length === 0 ? undefined : new Progress(made.length * pictures.length, 'answer')
  const measured: Measured[] = []
  let reference: GraphAnswers | undefined
  try {
    for (const [precision, make] of made) {
      const graph = make()
      const bytes = bytesOf(graph)
      if (progress === undefined) {
        measured.push({ precision, bytes, milliseconds: null, agreement: null })
        continue
      }
      const answers = await graphAnswers(graph, pictures, { ...options, onPicture: () => { progress.add(false) } })
      measured.push({
        precision,
        bytes,
        milliseconds: precision === 'int8' && graphs.isSimulated ? null : answers.milliseconds,
        agreement: reference === undefined ? null : agreementOf(reference, answers)
      })
      reference ??= answers
    }
  } finally {
    progress?.stop()
  }
  return measured
}
