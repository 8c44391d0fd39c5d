import { endAll } from './child.mjs'
import { SetupError } from './errors.mjs'

/**
 * What a step is called with. `progress` and `output` are there while it runs.
 *
 * @typedef {{
 *   root: string, development: boolean, isInstalled: () => boolean, cache: string,
 *   target: import('./platform.mjs').Target, env: NodeJS.ProcessEnv
 * }} Context
 * @typedef {Context & { progress: (text: string) => void, output: (text: string) => void }} RunContext
 */

/**
 * A part of the set-up. `needs` are names of steps; `check` throws what can be known to be missing before anything is begun;
 * `leftOut` says what it means that the step failed, where it can be left out.
 *
 * @typedef {{
 *   name: string, needs?: string[], isDone: (context: Context) => boolean, check?: (context: Context) => void,
 *   run: (context: RunContext) => Promise<void>, leftOut?: (error: SetupError) => string
 * }} Step
 */

/** @typedef {ReturnType<typeof import('./report.mjs').createReport>} Report */

/**
 * Runs what is not done of the steps, side by side, each as soon as the steps that it needs are through. The first that fails ends
 * the others and is what the whole fails with; one that can be left out is only told of, if all else is well.
 *
 * @param {Step[]} steps
 * @param {Context} context
 * @param {Report} report
 */
export async function runSteps (steps, context, report) {
  for (const step of steps) {
    if (!step.isDone(context)) step.check?.(context)
  }
  const failures = []
  const leftOut = []
  const ends = new Map()
  for (const step of steps) ends.set(step.name, runWhenReady(step))
  await Promise.all(ends.values())
  if (failures.length > 0) throw failures[0]
  for (const text of leftOut) report.line(text)

  /** What a step says that was ended because of another is of no use. */
  function output (text) {
    if (failures.length === 0) report.line(text)
  }

  async function runWhenReady (step) {
    await Promise.all((step.needs ?? []).map(name => ends.get(name)))
    if (failures.length > 0) return
    try {
      await runStep(step, { ...context, output }, report)
    } catch (error) {
      if (step.leftOut !== undefined && error instanceof SetupError) {
        leftOut.push(step.leftOut(error))
      } else {
        failures.push(error)
        endAll()
      }
    }
  }
}

async function runStep (step, context, report) {
  if (step.isDone(context)) {
    report.skipped(step.name)
    return
  }
  const start = performance.now()
  const progress = text => report.progress(step.name, text)
  progress('working')
  try {
    await step.run({ ...context, progress })
  } catch (error) {
    report.ended(step.name)
    throw error
  }
  report.done(step.name, performance.now() - start)
}
