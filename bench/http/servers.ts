import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Precision } from '../../src/compiler/index.js'
import type { TimedEngine } from '../engines/engine.js'
import { encodeOnnx } from '../engines/onnx.js'
import { ContestantProcess } from '../engines/process.js'
import { loadModel } from '../network/model.js'
import { startLitServe, whyNoLitServe } from '../peers/litserve.js'
import { startPeer, type PeerServer } from '../peers/start.js'
import { precisionsOf, type Machine } from '../report/machine.js'
import { classifyPhoto } from './classify-photo.js'
import { makePhotos } from './photos.js'
import { startServer, type RunningServer } from '../../verify/harness/server.js'

/** Who answers POST /classify and GET /livez. */
export interface LoadedServer extends PeerServer {
  readonly name: string
  /** The same network without HTTP, for the service's own rows. */
  readonly raw?: TimedEngine
}

export interface ServersOptions {
  readonly machine: Machine
  /** Where caches and files for Python go; they are needed while the servers are. */
  readonly folder: string
  /** What MODEL names. */
  readonly served: string
  readonly threads: number
  readonly model: string | undefined
}

export const ONNX_RUNTIME_PEER = 'onnxruntime-node in the handler'
export const STOCK_PEER = 'tfjs-node in the handler'

/** How a server may share out the threads: no setting is the best at one connection and at sixteen. */
const SHARINGS = {
  oneWorker: { name: 'one worker, batches of 8', batch: 8 },
  workerPerThread: { name: 'a worker a thread, batches of 4', batch: 4 }
} as const
type Sharing = keyof typeof SHARINGS

/** The names of the service's own rows: with its settings as they are, and with a worker a thread. */
export function ownServers (precision: Precision): readonly [string, string] {
  return [`ours ${precision}`, `ours ${precision}, ${SHARINGS.workerPerThread.name}`]
}

/** The name of a row of LitServe and OpenVINO. */
export function litServePeer (precision: Precision, sharing: Sharing): string {
  return `LitServe, OpenVINO ${precision}, ${SHARINGS[sharing].name}`
}

/** Starts the service and its peers one after the other into `servers`, and says who is left out and why. */
export async function startServers (servers: LoadedServer[], options: ServersOptions): Promise<readonly string[]> {
  const { machine, threads, model } = options
  const precisions = precisionsOf(machine)
  for (const precision of precisions) await startOurs(servers, precision, options)
  const noLitServe = whyNoLitServe()
  if (noLitServe === undefined) await startLitServes(servers, precisions, options)
  servers.push({ name: ONNX_RUNTIME_PEER, ...await startPeer('onnxruntime', { threads, model }) })
  servers.push({ name: STOCK_PEER, ...await startPeer('stock', { threads, model }) })
  return noLitServe === undefined ? [] : [`LitServe with OpenVINO is left out, ${noLitServe}`]
}

async function startOurs (
  servers: LoadedServer[], precision: Precision, { folder, served, threads, model }: ServersOptions
): Promise<void> {
  const start = async (env: Record<string, string>): Promise<RunningServer> => {
    const settings = { MODEL: served, PRECISION: precision, BACKEND: 'cpu', MODEL_CACHE_DIR: join(folder, 'cache') }
    const server = await startServer({ ...settings, ...env })
    await checkPrecision(server.url, precision)
    return server
  }
  const [one, shared] = ownServers(precision)
  const { url, stop } = await start({ TENSORFLOW_THREADS: String(threads) })
  const raw = await ContestantProcess.start({ engine: 'ours', precision, threads, model })
  servers.push({ name: one, url, raw, stop: () => stop() })
  // Each thread with a session of its own: nobody waits for another at the end of an operation, and a lone image has one thread.
  const { batch } = SHARINGS.workerPerThread
  const settings = { ENGINE_WORKERS: String(threads), TENSORFLOW_THREADS: String(threads), MAX_BATCH_SIZE: String(batch) }
  const server = await start(settings)
  servers.push({ name: shared, url: server.url, stop: () => server.stop() })
}

async function startLitServes (
  servers: LoadedServer[], precisions: readonly Precision[], { folder, threads, model }: ServersOptions
): Promise<void> {
  const loaded = await loadModel(model)
  const { input } = loaded.network
  const path = join(folder, 'litserve.onnx')
  await writeFile(path, encodeOnnx(loaded.network, loaded.weights))
  for (const precision of precisions) {
    for (const sharing of ['oneWorker', 'workerPerThread'] as const) {
      const workers = sharing === 'oneWorker' ? 1 : threads
      const { batch } = SHARINGS[sharing]
      const peer = await startLitServe({ path, input, precision, workers, threads: threads / workers, batch })
      servers.push({ name: litServePeer(precision, sharing), ...peer })
      peer.pause?.()
    }
  }
}

/** A setting that was not taken would be measured under a wrong name. */
async function checkPrecision (url: string, expected: Precision): Promise<void> {
  const [photo = Buffer.of()] = await makePhotos()
  const { model: { precision } } = await classifyPhoto(url, photo) as { model: { precision: string } }
  if (precision !== expected) throw new Error(`the service was to compute in ${expected} and says ${precision}`)
}
