import { performance } from 'node:perf_hooks'
import { loadModel, testImages, type BenchModel } from '../network/model.js'
import type { BenchEngine, EngineOptions, Runs } from './engine.js'
import { startMatrixProducts } from './matrix-products.js'
import { startOnnxRuntime } from './onnxruntime.js'
import { startOurs } from './ours.js'
import { startStock } from './stock.js'

/*
 * One engine in a process of its own, so that thread pools and allocators do not disturb each other.
 * The parent sends one request at a time and waits for its answer.
 */

/** What the parent asks for. */
export type Request =
  | { readonly kind: 'start', readonly options: EngineOptions }
  | { readonly kind: 'run', readonly batchSize: number, readonly repeats: number }
  | { readonly kind: 'stop' }

export type Reply =
  | { readonly kind: 'started', readonly version: string }
  | { readonly kind: 'ran' } & Runs
  | { readonly kind: 'failed', readonly message: string }

const STARTS: Readonly<Record<EngineOptions['engine'], (model: BenchModel, options: EngineOptions) => Promise<BenchEngine>>> = {
  ours: startOurs,
  'tfjs-node': startStock,
  'onnxruntime-node': startOnnxRuntime,
  'matrix-products': startMatrixProducts
}

let engine: BenchEngine | undefined
let imageSize = 0

process.on('message', (request: Request) => {
  answer(request).then((reply) => {
    if (reply === undefined) process.disconnect()
    else process.send?.(reply)
  }, (error: Error) => { process.send?.({ kind: 'failed', message: error.stack ?? error.message } satisfies Reply) })
})

async function answer (request: Request): Promise<Reply | undefined> {
  switch (request.kind) {
    case 'start': {
      const { options } = request
      const model = await loadModel(options.model)
      imageSize = model.network.input.side
      engine = await STARTS[options.engine](model, options)
      return { kind: 'started', version: engine.version }
    }
    case 'run': return await run(request.batchSize, request.repeats)
    case 'stop': await engine?.close()
  }
}

async function run (batchSize: number, repeats: number): Promise<Reply> {
  if (engine === undefined) throw new Error('no engine was started')
  const images = testImages(batchSize, imageSize)
  const milliseconds: number[] = []
  let probabilities = new Float32Array()
  for (let repeat = 0; repeat < repeats; repeat++) {
    const runBatch = engine.prepare(images)
    const startedAt = performance.now()
    probabilities = new Float32Array(await runBatch())
    milliseconds.push(performance.now() - startedAt)
  }
  return { kind: 'ran', milliseconds, probabilities }
}
