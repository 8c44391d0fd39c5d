import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { packagePath } from '../../src/base/package-root.js'
import type { Precision } from '../../src/compiler/index.js'
import type { Rescaling } from '../../src/model/input.js'
import type { Network } from '../../src/model/network.js'
import { perChannel } from '../engines/pixels.js'
import { PYTHON, whyNoModules } from '../python/packages.js'
import { TOP_K } from './handler.js'
import type { PeerServer } from './start.js'

const SCRIPT = 'bench/peers/litserve_openvino.py'
const POLL_INTERVAL_MS = 100
const START_TIMEOUT_MS = 120_000
/** How long the first request of a batch waits for others: LitServe takes none that come while it computes. */
const BATCH_TIMEOUT_MS = 5

/** What LitServe is told. */
export interface LitServeOptions {
  /** Path of the ONNX model. */
  readonly path: string
  readonly input: Network['input']
  readonly precision: Precision
  readonly workers: number
  /** Threads of each worker. */
  readonly threads: number
  readonly batch: number
}

/** Why LitServe is left out here; undefined where it is not. */
export function whyNoLitServe (): string | undefined {
  return whyNoModules(['litserve', 'openvino', 'cv2'])
}

/** LitServe, OpenVINO and OpenCV, ready when this resolves. Rejects if they end before. */
export async function startLitServe ({ path, input, ...sharing }: LitServeOptions): Promise<PeerServer> {
  const port = await freePort()
  const { side, rescaling } = input
  const task = { network: path, side, ...openVinoScale(rescaling), ...sharing, batchTimeoutMs: BATCH_TIMEOUT_MS, topK: TOP_K, port }
  const child = spawn(PYTHON, [packagePath(SCRIPT), JSON.stringify(task)], { stdio: ['pipe', 'ignore', 'pipe'] })
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => { errors.push(chunk.toString()) })
  const exit = once(child, 'close')
  const url = `http://127.0.0.1:${port}`
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  // The script is the leader of its workers' group.
  const signal = (name: NodeJS.Signals): void => { process.kill(-(child.pid ?? NaN), name) }
  const stop = (): Promise<unknown> => {
    if (!hasEnded()) signal('SIGKILL')
    return exit
  }
  const startedAt = performance.now()
  while (!await answers(url)) {
    if (hasEnded()) throw new Error(`LitServe ended: ${errors.join('')}`)
    if (performance.now() - startedAt > START_TIMEOUT_MS) {
      await stop()
      throw new Error(`LitServe is not ready after ${START_TIMEOUT_MS / 1000} s: ${errors.join('')}`)
    }
    await sleep(POLL_INTERVAL_MS)
  }
  // A worker that waits for a batch asks for one a thousand times a second.
  return { url, pause: () => { signal('SIGSTOP') }, resume: () => { signal('SIGCONT') }, stop }
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** False as long as nobody listens, or says that it is not ready. */
async function answers (url: string): Promise<boolean> {
  return await fetch(`${url}/livez`).then(({ ok }) => ok, () => false)
}

/** OpenVINO subtracts a mean and divides by a scale, one number a channel. */
function openVinoScale ({ scale, offset }: Rescaling): { readonly mean: readonly number[], readonly scale: readonly number[] } {
  const [scales, offsets] = [perChannel(scale), perChannel(offset)]
  return { scale: scales.map((factor) => 1 / factor), mean: scales.map((factor, channel) => -(offsets[channel] ?? NaN) / factor) }
}
