import { parentPort, workerData } from 'node:worker_threads'
import { fitFinal, fitFold, type FinalResult, type FitJob, type FoldResult } from './fit-jobs.js'

/* A thread that does one job and ends: see `runFit`. */

/** What it sends: a step that is done, or its result. */
export type FitMessage = { readonly tried: true } | { readonly result: FoldResult | FinalResult }

function work (job: FitJob): FoldResult | FinalResult {
  return job.kind === 'final' ? fitFinal(job) : fitFold(job, () => { send({ tried: true }) })
}

function send (message: FitMessage): void {
  parentPort?.postMessage(message)
}

send({ result: work(workerData as FitJob) })
