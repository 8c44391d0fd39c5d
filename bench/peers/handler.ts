import fastify from 'fastify'
import sharp from 'sharp'
import { loadModel, type BenchModel } from '../network/model.js'
import type { BenchEngine, EngineOptions } from '../engines/engine.js'

/** Most predictions in an answer, as the service gives by default. */
export const TOP_K = 5

/** The argument of a peer's process, as JSON. */
export type PeerOptions = Pick<EngineOptions, 'threads' | 'model'>

/**
 * A service as one would write it in an afternoon: the handler decodes the photo and runs the network, one request at a
 * time as they come. Prints its address when it listens.
 */
export async function servePeer (
  start: (model: BenchModel, options: EngineOptions) => Promise<BenchEngine>, engine: EngineOptions['engine']
): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as PeerOptions
  const model = await loadModel(options.model)
  const size = model.network.input.side
  const { prepare } = await start(model, { ...options, engine, precision: 'float32' })
  const app = fastify({ bodyLimit: 10 * 1024 * 1024 })
  app.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_request, body, done) => { done(null, body) })
  app.get('/livez', () => ({ status: 'ok' }))
  app.post('/classify', async (request) => {
    const pixels = await sharp(request.body as Buffer).resize(size, size, { fit: 'fill' }).removeAlpha().raw().toBuffer()
    const probabilities = await prepare([new Uint8Array(pixels)])()
    const predictions = [...probabilities].map((probability, classId) => ({ classId, probability }))
      .sort((left, right) => right.probability - left.probability).slice(0, TOP_K)
    return { predictions }
  })
  // Primitives are built on the first run.
  await prepare([new Uint8Array(size * size * 3)])()
  process.stdout.write(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
}
