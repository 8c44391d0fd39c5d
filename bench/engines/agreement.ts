/** Allowed differences between float32 engines: of probabilities on real weights, of logits over their spread on random ones. */
const LIMITS = { real: { probabilities: 1e-4 }, random: { logits: 1e-3 } }

/** Largest differences between two outputs. */
export interface Agreement {
  readonly probabilities: number
  /** Largest difference of logits, as a share of the spread (largest minus smallest) of the image's logits. */
  readonly logits: number
}

/**
 * Compares softmax outputs, [batch, classes]. Logits are recovered as logarithms of the probabilities, which leaves them
 * known up to one constant an image; it is removed by subtracting their mean.
 */
export function agreementOf (output: Float32Array, reference: Float32Array, batchSize: number): Agreement {
  if (output.length !== reference.length) throw new Error(`the engines give ${output.length} and ${reference.length} numbers`)
  const classes = reference.length / batchSize
  let [logits, probabilities] = [0, 0]
  for (let image = 0; image < batchSize; image++) {
    const ofImage = (all: Float32Array): Float32Array => all.subarray(image * classes, (image + 1) * classes)
    const [left, right] = [ofImage(output), ofImage(reference)]
    const [leftLogits, rightLogits] = [centredLogits(left), centredLogits(right)]
    const spread = Math.max(...rightLogits) - Math.min(...rightLogits)
    logits = Math.max(logits, largestDifference(leftLogits, rightLogits) / spread)
    probabilities = Math.max(probabilities, largestDifference(left, right))
  }
  return { logits, probabilities }
}

/** Throws an Error that names the engine and the difference found. */
export function assertAgreement (name: string, { logits, probabilities }: Agreement, weights: 'random' | 'real'): void {
  // Written so that NaN fails too.
  const agrees = weights === 'real' ? probabilities <= LIMITS.real.probabilities : logits <= LIMITS.random.logits
  if (agrees) return
  const found = `probabilities differ by ${probabilities}, logits by ${logits} of their spread`
  throw new Error(`${name} gives another output than the reference: ${found}`)
}

function centredLogits (probabilities: Float32Array): Float64Array {
  const logarithms = Float64Array.from(probabilities, Math.log)
  const mean = logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length
  return logarithms.map((value) => value - mean)
}

function largestDifference (left: ArrayLike<number>, right: ArrayLike<number>): number {
  return Array.from(left).reduce((largest, value, index) => Math.max(largest, Math.abs(value - (right[index] ?? NaN))), 0)
}
