import type { Pass } from './pass.js'
import { momentumOf } from './signatures.js'

/** Stochastic gradient descent. */
export interface Descent {
  /** The share of the last update that a step goes on with, in Nesterov's form. */
  readonly momentum: number
  /** What a kernel's gradient is given of the kernel; other weights have none. */
  readonly weightDecay: number
}

/** Updates each weight that has a gradient. Returns the steps to wait for. */
export function descend (pass: Pass, learningRate: string, { momentum, weightDecay }: Descent): string[] {
  const { steps, variables } = pass
  const kept = steps.numbers('momentum', 'float32', [], Float32Array.of(momentum))
  return variables.all().flatMap(({ name, shape, handle, value }) => {
    const gradient = pass.gradients.get(name)
    if (gradient === undefined) return []
    const velocity = variables.get(momentumOf(name), shape)
    const decays = weightDecay > 0 && shape.length > 1
    const decayed = (): string => steps.binary(
      `${handle}/decayed`, 'AddV2', gradient, steps.withNumber(`${handle}/decay`, 'Mul', value, weightDecay, 'float32'), 'float32'
    )
    const inputs = [handle, velocity.handle, learningRate, decays ? decayed() : gradient, kept]
    return steps.add(`${handle}/update`, 'float32', inputs, { op: 'ResourceApplyMomentum' })
  })
}
