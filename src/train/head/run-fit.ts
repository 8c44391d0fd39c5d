import { Worker } from 'node:worker_threads'
import type { FinalJob, FinalResult, FitJob, FoldJob, FoldResult } from './fit-jobs.js'
import type { FitMessage } from './fit-thread.js'

const FIT_THREAD = new URL('./fit-thread.js', import.meta.url)

/** Fits in a thread of its own, which leaves the event loop free; `onTried` is told of each strength. */
export async function runFit (job: FoldJob, onTried?: () => void): Promise<FoldResult>
export async function runFit (job: FinalJob): Promise<FinalResult>
export async function runFit (job: FitJob, onTried?: () => void): Promise<FoldResult | FinalResult> {
  const thread = new Worker(FIT_THREAD, { workerData: job })
  return await new Promise((resolve, reject) => {
    thread.on('message', (message: FitMessage) => {
      if ('result' in message) resolve(message.result)
      else onTried?.()
    })
    thread.on('error', reject)
    thread.on('exit', (code) => { reject(new Error(`the thread that fits ended with code ${code} before it was done`)) })
  })
}
