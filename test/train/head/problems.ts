import { Random } from '../../../src/base/random.js'
import type { Labelled } from '../../../src/train/head/logistic.js'
import { zeros } from '../../../src/train/head/matrix.js'
import type { TrainingRows } from '../../../src/train/head/rows.js'

/** Classes as clouds around centres by chance; every third picture counts twice. */
export function clouds (rows: number, columns: number, classes: number, seed = 1): Labelled {
  const random = new Random(seed)
  const centres = zeros(classes, columns).data.map(() => random.normal(1))
  const labels = Uint32Array.from({ length: rows }, (_, row) => row % classes)
  const data = new Float64Array(rows * columns).map((_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns]
    return 5 + column + (centres[(labels[row] ?? 0) * columns + column] ?? 0) + random.normal(1.5)
  })
  return { features: { rows, columns, data }, labels, weights: Float64Array.from(labels, (_, row) => row % 3 === 0 ? 2 : 1), classes }
}

export function rowsOf ({ features, labels, weights, classes }: Labelled): TrainingRows {
  const data = new Float64Array(new SharedArrayBuffer(features.data.byteLength))
  data.set(features.data)
  return { pictures: features.rows, features: { ...features, data }, labels: Uint32Array.from(labels), classes, weights }
}
