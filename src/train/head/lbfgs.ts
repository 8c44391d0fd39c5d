import { addScaled, dot, norm } from './matrix.js'
import type { Objective } from './logistic.js'

/** Steps whose curvature is remembered: the more the fewer steps, as far as their numbers fit in memory. */
const [FEWEST_STEPS, MOST_STEPS] = [5, 60]
const MOST_NUMBERS = 2 ** 25
/** A step has to go down by this share of what the slope promises. */
const SUFFICIENT_DECREASE = 1e-4
const SHORTER = 0.5
const MAX_SHORTENINGS = 40

export interface Minimum {
  readonly parameters: Float64Array
  readonly iterations: number
  /** Norm of the gradient, of the norm that was given as the scale. */
  readonly relativeGradient: number
  readonly converged: boolean
}

export interface MinimizeOptions {
  readonly start: Float64Array
  /** Norm of the gradient that counts as 1. */
  readonly scale: number
  /** The gradient's norm, of that, at which it is done. */
  readonly tolerance: number
  readonly maxIterations: number
}

interface Step {
  readonly move: Float64Array
  readonly change: Float64Array
  readonly inverse: number
}

/**
 * Goes down to where the gradient is small enough, by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4), for a
 * convex function. It ends before where rounding lets no step go down any more; `converged` says which.
 */
export function minimize (objective: Objective, { start, scale, tolerance, maxIterations }: MinimizeOptions): Minimum {
  let parameters = Float64Array.from(start)
  let gradient = new Float64Array(objective.size)
  let value = objective.evaluate(parameters, gradient)
  const steps: Step[] = []
  let iterations = 0
  while (norm(gradient) > tolerance * scale && iterations < maxIterations) {
    const next = stepDown(objective, { parameters, gradient, value }, directionOf(gradient, steps))
    if (next === undefined) {
      // What is remembered may be spoilt by rounding: the gradient itself still goes down, unless nothing does.
      if (steps.length === 0) break
      steps.length = 0
      continue
    }
    remember(steps, difference(next.parameters, parameters), difference(next.gradient, gradient))
    ;({ parameters, gradient, value } = next)
    iterations++
  }
  const relativeGradient = scale > 0 ? norm(gradient) / scale : 0
  return { parameters, iterations, relativeGradient, converged: relativeGradient <= tolerance }
}

interface Point {
  readonly parameters: Float64Array<ArrayBuffer>
  readonly gradient: Float64Array<ArrayBuffer>
  readonly value: number
}

/** The two loops over what is remembered. */
function directionOf (gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const direction = gradient.map((value) => -value)
  const factors: number[] = []
  for (const { move, change, inverse } of [...steps].reverse()) {
    const factor = inverse * dot(move, direction)
    addScaled(direction, -factor, change)
    factors.push(factor)
  }
  const last = steps.at(-1)
  const scale = last === undefined ? 1 / Math.max(1, norm(gradient)) : 1 / (last.inverse * dot(last.change, last.change))
  for (let index = 0; index < direction.length; index++) direction[index] = (direction[index] as number) * scale
  for (const { move, change, inverse } of steps) {
    addScaled(direction, (factors.pop() ?? 0) - inverse * dot(change, direction), move)
  }
  return direction
}

/** The first of ever shorter steps that goes down far enough; undefined if none does. */
function stepDown (objective: Objective, { parameters, gradient, value }: Point, direction: Float64Array): Point | undefined {
  const slope = dot(gradient, direction)
  if (!(slope < 0)) return undefined
  for (let length = 1, tries = 0; tries < MAX_SHORTENINGS; length *= SHORTER, tries++) {
    const moved = Float64Array.from(parameters)
    addScaled(moved, length, direction)
    const nextGradient = new Float64Array(objective.size)
    const nextValue = objective.evaluate(moved, nextGradient)
    if (nextValue <= value + SUFFICIENT_DECREASE * length * slope) return { parameters: moved, gradient: nextGradient, value: nextValue }
    // Near the minimum the values differ by less than their rounding, and the slope says more.
    if (Math.abs(nextValue - value) <= 1e-14 * Math.abs(value) && norm(nextGradient) < norm(gradient)) {
      return { parameters: moved, gradient: nextGradient, value: nextValue }
    }
  }
  return undefined
}

function remember (steps: Step[], move: Float64Array, change: Float64Array): void {
  const most = Math.max(FEWEST_STEPS, Math.min(MOST_STEPS, Math.floor(MOST_NUMBERS / (2 * move.length))))
  const curvature = dot(move, change)
  if (!(curvature > 0)) return
  steps.push({ move, change, inverse: 1 / curvature })
  if (steps.length > most) steps.shift()
}

function difference (left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, index) => value - (right[index] ?? 0))
}
