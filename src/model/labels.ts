export interface Prediction {
  readonly label: string
  /** Index of the network's output. */
  readonly classId: number
  readonly probability: number
}

/** The `k` most probable classes, most probable first; equal ones in the order of their index. */
export function topK (probabilities: Float32Array, labels: readonly string[], k: number): Prediction[] {
  return Array.from(probabilities, (probability, classId) => ({ label: labels[classId] ?? `class ${classId}`, classId, probability }))
    .sort((left, right) => right.probability - left.probability)
    .slice(0, k)
}
